import type { BackendName } from "../../coordinator/protocol/training.ts";
import type {
  BackendChoice,
  BackendMeasurement,
  BackendReport,
  UnusedReason,
} from "../trainer_api.ts";

/** A backend as the choice sees it. */
export interface BackendCandidate {
  readonly backend: BackendName;
  /**
   * Makes it tfjs's current backend; a second time, too.
   *
   * @returns what it says of itself
   * @throws when it cannot be used here, saying why
   */
  start(): Promise<string>;
  /** Milliseconds a training step; one look will do above `giveUpAbove`. */
  measure(giveUpAbove: number): Promise<number>;
  /**
   * What stands in for the GPU it would run on, where there is none: `auto`
   * passes it over then. Absent for those that need no GPU.
   */
  softwareGpu?(): Promise<string | null>;
  /** Frees what it holds; it is not used again. */
  remove(): void;
}

/** No backend can be used as asked. The message says which and why. */
export class BackendError extends Error {
  override readonly name = "BackendError";
}

/** As much slower than the best so far, a backend is not looked at twice. */
const HOPELESS = 3;

export interface SelectOptions {
  readonly choice: BackendChoice;
  /** Passed over by `auto`, unless nothing else is left. */
  readonly avoid: readonly BackendName[];
  /** Those that this engine may have, the likely fastest first. */
  readonly candidates: readonly BackendCandidate[];
  readonly onMeasuring: (backend: BackendName) => void;
}

/**
 * Makes the chosen backend the current one. `auto` tries each that may be the
 * fastest, measures a few real training steps and keeps the fastest.
 *
 * @throws {BackendError} when the chosen one, or none, can be used.
 */
export async function selectBackend(
  options: SelectOptions,
): Promise<BackendReport> {
  const { choice, avoid, candidates, onMeasuring } = options;
  if (choice === "auto") {
    const allowed = candidates.filter(({ backend }) =>
      !avoid.includes(backend)
    );
    const rest = allowed.length > 0 ? allowed : candidates;
    return await fastest(rest, onMeasuring);
  }
  const candidate = candidates.find(({ backend }) => backend === choice);
  if (candidate === undefined) {
    const names = candidates.map(({ backend }) => backend).join(", ");
    throw new BackendError(
      `backend ${choice} is not to be had here: take auto, or one of ${names}`,
    );
  }
  onMeasuring(choice);
  try {
    const detail = await candidate.start();
    const stepMilliseconds = await candidate.measure(Infinity);
    return report({ candidate, detail, stepMilliseconds }, [
      { backend: choice, stepMilliseconds, detail },
    ]);
  } catch (error) {
    throw new BackendError(
      `backend ${choice} cannot be used here: ${reason(error)}; ` +
        "auto takes one that can",
    );
  }
}

interface Measured {
  readonly candidate: BackendCandidate;
  readonly detail: string;
  readonly stepMilliseconds: number;
}

async function fastest(
  candidates: readonly BackendCandidate[],
  onMeasuring: (backend: BackendName) => void,
): Promise<BackendReport> {
  const measurements: BackendMeasurement[] = [];
  let best: Measured | undefined;
  for (const candidate of candidates) {
    const { backend } = candidate;
    if (backend === "cpu" && best !== undefined) {
      measurements.push(unused(backend, "slower", ""));
      continue;
    }
    onMeasuring(backend);
    try {
      const standIn = await candidate.softwareGpu?.() ?? null;
      if (standIn !== null) {
        measurements.push(unused(backend, "software", standIn));
        continue;
      }
      const detail = await candidate.start();
      const limit = (best?.stepMilliseconds ?? Infinity) * HOPELESS;
      const stepMilliseconds = await candidate.measure(limit);
      measurements.push({ backend, stepMilliseconds, detail });
      if (stepMilliseconds < (best?.stepMilliseconds ?? Infinity)) {
        best?.candidate.remove();
        best = { candidate, detail, stepMilliseconds };
      } else candidate.remove();
    } catch (error) {
      measurements.push(unused(backend, "failed", reason(error)));
      candidate.remove();
    }
  }
  if (best === undefined) {
    const all = measurements.map(({ backend, unused, detail }) =>
      `${backend}: ${unused === "software" ? "no GPU but " : ""}${detail}`
    );
    throw new BackendError(`no backend can be used here: ${all.join("; ")}`);
  }
  await best.candidate.start();
  return report(best, measurements);
}

function unused(
  backend: BackendName,
  why: UnusedReason,
  detail: string,
): BackendMeasurement {
  return { backend, stepMilliseconds: null, unused: why, detail };
}

function report(
  { candidate, detail, stepMilliseconds }: Measured,
  measurements: readonly BackendMeasurement[],
): BackendReport {
  return {
    backend: candidate.backend,
    backendDetail: detail,
    stepMilliseconds,
    measurements,
  };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
