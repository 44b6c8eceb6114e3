import * as z from "zod";
import { DropoutRate, type Params } from "./study.ts";

/** Names a grid point in addresses and as a key: `0.2,0.5`. */
export function pointKey(params: Params): string {
  return `${params.dropout1},${params.dropout2}`;
}

/** Reads what {@linkcode pointKey} wrote; null for anything else. */
export function parsePoint(key: string): Params | null {
  const parts = key.split(",");
  if (parts.length !== 2 || parts.some((part) => part.trim() === "")) {
    return null;
  }
  const [dropout1, dropout2] = parts.map(Number);
  const [first, second] = [dropout1, dropout2].map((rate) =>
    DropoutRate.safeParse(rate)
  );
  if (!first?.success || !second?.success) return null;
  return { dropout1: first.data, dropout2: second.data };
}

/** A grid point in an address: `0.2,0.5`. */
export const PointKey = z.string().max(40).refine(
  (key) => parsePoint(key) !== null,
  "a grid point is two rates from 0 to 1 with a comma: 0.2,0.5",
);
