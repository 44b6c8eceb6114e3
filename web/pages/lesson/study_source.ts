import { type ReadonlySignal, signal } from "@preact/signals";
import * as z from "zod";
import { StudyId } from "../../../protocol/ids.ts";
import { Leaderboard } from "../../../protocol/leaderboard.ts";
import { type Api, OutdatedPageError, UnreachableError } from "../../api.ts";

/** What the coordinator has of the study `seed`. */
export type LiveStudy =
  /** Not asked yet, or without an answer so far. */
  | { readonly kind: "unknown" }
  /** It does not know the study, or has no result of it. */
  | { readonly kind: "nothing" }
  /** It speaks another version of the protocol. */
  | { readonly kind: "outdated" }
  | { readonly kind: "results"; readonly leaderboard: Leaderboard };

/** The study that the lesson argues with: live, or the committed sample. */
export interface StudySource {
  readonly live: ReadonlySignal<LiveStudy>;
  /** Null until it is fetched: only where it is needed. */
  readonly sample: ReadonlySignal<SampleStudy | null>;
  /** Asks the coordinator again; throws {@linkcode UnreachableError}. */
  refresh(): Promise<void>;
  /** Fetches the sample, once. */
  loadSample(): Promise<void>;
}

const SEED = StudyId.parse("seed");

/** A source that fetches nothing before it is asked to. */
export function createStudySource(
  api: Pick<Api, "studies" | "leaderboard">,
  fetchSample: () => Promise<SampleStudy>,
): StudySource {
  const live = signal<LiveStudy>({ kind: "unknown" });
  const sample = signal<SampleStudy | null>(null);
  let etag: string | null = null;
  /** Asking for a study that is not there would be an error on the console. */
  let listed = false;
  let loading: Promise<void> | null = null;
  return {
    live,
    sample,
    refresh: async () => {
      try {
        if (!listed) {
          const { studies } = await api.studies();
          listed = studies.some(({ id }) => id === SEED);
        }
        if (!listed) {
          live.value = { kind: "nothing" };
          return;
        }
        const fetched = await api.leaderboard(SEED, etag);
        if (fetched === null) return;
        etag = fetched.etag;
        const { leaderboard } = fetched;
        live.value = leaderboard.progress.completed > 0
          ? { kind: "results", leaderboard }
          : { kind: "nothing" };
      } catch (error) {
        if (error instanceof OutdatedPageError) {
          live.value = { kind: "outdated" };
          return;
        }
        // An answer that says no is not a lost connection.
        if (error instanceof UnreachableError && error.status === 404) {
          listed = false;
          etag = null;
          live.value = { kind: "nothing" };
          return;
        }
        throw error;
      }
    },
    loadSample: () => {
      loading ??= fetchSample().then(
        (fetched) => {
          sample.value = fetched;
        },
        (error) => {
          // The next wish for it tries again.
          loading = null;
          throw error;
        },
      );
      return loading;
    },
  };
}

/** A finished study that is committed with the source, and how it was made. */
export const SampleStudy = z.strictObject({
  about: z.strictObject({
    /** What printed the leaderboard. */
    command: z.string(),
    /** The day on which it was committed: `2026-11-24`. */
    committed: z.iso.date(),
    /** Version of Deno. */
    deno: z.string(),
    /** Version of TensorFlow.js. */
    tensorflow: z.string(),
    backend: z.string(),
  }),
  leaderboard: Leaderboard,
});

export type SampleStudy = z.infer<typeof SampleStudy>;
