/** It does not know what it was told: it has died since, or was closed. */
export class AnalystError extends Error {
  /** What is left of the class on the way from a thread. */
  override readonly name = "AnalystError";
}

export function isAnalystError(error: unknown): error is Error {
  return error instanceof Error && error.name === "AnalystError";
}
