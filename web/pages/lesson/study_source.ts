import { type ReadonlySignal, signal } from "@preact/signals";
import * as z from "zod";
import { StudyId } from "../../../protocol/ids.ts";
import { Leaderboard } from "../../../protocol/leaderboard.ts";
import { type Api, OutdatedPageError, UnreachableError } from "../../api.ts";

/** What the coordinator knows about the study `seed`. */
export type LiveStudy =
  /** There is no answer yet. */
  | { readonly kind: "unknown" }
  /** The coordinator does not have the study or has no result of it. */
  | { readonly kind: "nothing" }
  /** The coordinator has another protocol version. */
  | { readonly kind: "outdated" }
  | { readonly kind: "results"; readonly leaderboard: Leaderboard };

/** The study that the lesson uses: the live one or the committed sample. */
export interface StudySource {
  readonly live: ReadonlySignal<LiveStudy>;
  /** Null until it is fetched, which happens only on demand. */
  readonly sample: ReadonlySignal<SampleStudy | null>;
  /** Fetches the live study; throws {@linkcode UnreachableError}. */
  refresh(): Promise<void>;
  /** Fetches the sample, once. */
  loadSample(): Promise<void>;
}

const SEED = StudyId.parse("seed");

/** A source that fetches nothing before the first call. */
export function createStudySource(
  api: Pick<Api, "studies" | "leaderboard">,
  fetchSample: () => Promise<SampleStudy>,
): StudySource {
  const live = signal<LiveStudy>({ kind: "unknown" });
  const sample = signal<SampleStudy | null>(null);
  let etag: string | null = null;
  /** Browsers log a 404 as an error, so only a listed study is fetched. */
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
        // The coordinator answered, so the connection is not lost.
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
          // The next call tries again.
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
    /** The command that printed the leaderboard. */
    command: z.string(),
    /** The day of the commit: `2026-11-24`. */
    committed: z.iso.date(),
    /** Versions of Deno and TensorFlow.js. */
    deno: z.string(),
    tensorflow: z.string(),
    backend: z.string(),
  }),
  leaderboard: Leaderboard,
});

export type SampleStudy = z.infer<typeof SampleStudy>;
