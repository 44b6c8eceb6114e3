import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { isTrialOf } from "../../../protocol/grid_point.ts";
import type { StudyId } from "../../../protocol/ids.ts";
import type { Leaderboard } from "../../../protocol/leaderboard.ts";
import type { StudyList, SwarmEvent } from "../../../protocol/views.ts";
import { type Api, OutdatedPageError, UnreachableError } from "../../api.ts";
import type { After, Connection } from "../../live.ts";
import {
  assignColours,
  defaultPoints,
  pointKey,
  togglePoint,
} from "./points.ts";
import type { ViewState } from "./view_state.ts";

/** Why there is no leaderboard to show. */
export type PageProblem =
  | { readonly kind: "outdated" }
  | { readonly kind: "no-study" }
  | { readonly kind: "failed"; readonly message: string };

/** The last reported epoch of a point's running replicate. */
export interface LiveEpoch {
  readonly replicate: number;
  readonly epoch: number;
}

/** The page's state as signals, and the visitor's actions. */
export interface LeaderboardState {
  readonly leaderboard: ReadonlySignal<Leaderboard | null>;
  readonly studies: ReadonlySignal<StudyList | null>;
  readonly problem: ReadonlySignal<PageProblem | null>;
  readonly connection: ReadonlySignal<Connection>;
  readonly view: ReadonlySignal<ViewState>;
  /** Colours of the points whose curves are shown, by key. */
  readonly chosen: ReadonlySignal<ReadonlyMap<string, number>>;
  /** The last reported epoch of each running point, by key. */
  readonly liveEpochs: ReadonlySignal<ReadonlyMap<string, LiveEpoch>>;
  change(view: Partial<ViewState>): void;
  toggle(key: string): void;
  /** Fetches the page's data; throws {@linkcode UnreachableError}. */
  refresh(): Promise<void>;
  take(event: SwarmEvent): void;
  setConnection(connection: Connection): void;
}

const LIVE_EPOCH_MS = 500;

/** State that begins with `start`. It fetches nothing before `refresh`. */
export function createLeaderboardState(
  api: Pick<Api, "studies" | "leaderboard">,
  start: ViewState,
  after: After,
): LeaderboardState {
  const leaderboard = signal<Leaderboard | null>(null);
  const studies = signal<StudyList | null>(null);
  const problem = signal<PageProblem | null>(null);
  const connection = signal<Connection>("connecting");
  const view = signal(start);
  const liveEpochs = signal<ReadonlyMap<string, LiveEpoch>>(new Map());
  let etag: string | null = null;
  let studiesAreOld = true;
  let colours: ReadonlyMap<string, number> = new Map();

  const reported = new Map<string, LiveEpoch>();
  const showReported = () => {
    liveEpochs.value = new Map([...liveEpochs.value, ...reported]);
    reported.clear();
  };

  const points = computed(() =>
    view.value.points ??
      defaultPoints(leaderboard.value?.rows.map((row) => row.params) ?? [])
  );
  const chosen = computed(() => {
    colours = assignColours(points.value, colours);
    return colours;
  });

  const studyToShow = async (): Promise<StudyId | null> => {
    if (studiesAreOld || studies.value === null) {
      studies.value = await api.studies();
      studiesAreOld = false;
    }
    const list = studies.value.studies;
    return view.value.study ??
      (list.find((study) => study.active) ?? list[0])?.id ?? null;
  };

  const fetchAll = async () => {
    const study = await studyToShow();
    if (study === null) {
      leaderboard.value = null;
      problem.value = { kind: "no-study" };
      studiesAreOld = true;
      return;
    }
    const known = leaderboard.value?.study.id === study ? etag : null;
    const fetched = await api.leaderboard(study, known);
    if (fetched !== null) {
      etag = fetched.etag;
      leaderboard.value = fetched.leaderboard;
      const running = new Set(
        fetched.leaderboard.rows.filter((row) => row.replicatesRunning > 0)
          .map((row) => pointKey(row.params)),
      );
      liveEpochs.value = new Map(
        [...liveEpochs.value].filter(([key]) => running.has(key)),
      );
    }
    problem.value = null;
  };

  return {
    leaderboard,
    studies,
    problem,
    connection,
    view,
    chosen,
    liveEpochs,
    change: (change) => {
      view.value = { ...view.value, ...change };
    },
    toggle: (key) => {
      view.value = { ...view.value, points: togglePoint(points.value, key) };
    },
    refresh: async () => {
      try {
        await fetchAll();
      } catch (error) {
        studiesAreOld = true;
        if (error instanceof OutdatedPageError) {
          problem.value = { kind: "outdated" };
          return;
        }
        // The coordinator answered, so the connection is not lost.
        if (error instanceof UnreachableError && error.status === 404) {
          leaderboard.value = null;
          problem.value = { kind: "failed", message: error.message };
          return;
        }
        throw error;
      }
    },
    take: (event) => {
      switch (event.type) {
        case "changed":
          if (event.studyId !== leaderboard.value?.study.id) {
            studiesAreOld = true;
          }
          return;
        case "epoch": {
          const id = leaderboard.value?.study.id;
          if (id === undefined || !isTrialOf(id, event)) return;
          // A large swarm sends more reports than a page can draw one by one.
          if (reported.size === 0) after(LIVE_EPOCH_MS, showReported);
          reported.set(pointKey(event.params), {
            replicate: event.replicate,
            epoch: event.metrics.epoch,
          });
          return;
        }
        default:
          event satisfies never;
      }
    },
    setConnection: (value) => {
      connection.value = value;
    },
  };
}
