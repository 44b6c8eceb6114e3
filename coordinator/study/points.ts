import type { Params } from "../protocol/study.ts";
import { InvalidStudy } from "./invalid_study.ts";

/** Plain decimals only: `1e-1`, `0x1` or an empty text are slips here. */
const DECIMAL = /^(?:\d+(?:\.\d*)?|\.\d+)$/;

/**
 * Digits after the point that a rate may have: finer ones change nothing that
 * training could show, and would make a trial's id unreadable.
 */
export const RATE_DECIMALS = 6;

/** Whether a rate has at most `RATE_DECIMALS` digits after the point. */
export function isPlainRate(rate: number): boolean {
  return Number(rate.toFixed(RATE_DECIMALS)) === rate;
}

function parseRate(text: string, point: string): number {
  const trimmed = text.trim();
  const rate = DECIMAL.test(trimmed) ? Number(trimmed) : NaN;
  if (!(rate >= 0 && rate <= 1)) {
    throw new InvalidStudy(
      `points: "${trimmed}" in "${point}" is not a dropout rate; ` +
        "give a number from 0 to 1",
    );
  }
  if (!isPlainRate(rate)) {
    throw new InvalidStudy(
      `points: "${trimmed}" in "${point}" is too fine; ` +
        `give at most ${RATE_DECIMALS} digits after the point`,
    );
  }
  return rate;
}

/**
 * Reads grid points as the command line gives them: `0.2,0.5;0.5,0.2`, each
 * `dropout1,dropout2`. Repeated points are kept; planning drops them.
 *
 * @throws {InvalidStudy} naming the first point that is wrong.
 */
export function parsePoints(text: string): Params[] {
  const parts = text.split(";").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  if (parts.length === 0) {
    throw new InvalidStudy(
      'points: none given; write them as "0.2,0.5;0.5,0.2"',
    );
  }
  return parts.map((part) => {
    const [first, second, ...rest] = part.split(",");
    if (first === undefined || second === undefined || rest.length > 0) {
      throw new InvalidStudy(
        `points: "${part}" is not a pair of rates; ` +
          'write points as "0.2,0.5;0.5,0.2"',
      );
    }
    return {
      dropout1: parseRate(first, part),
      dropout2: parseRate(second, part),
    };
  });
}
