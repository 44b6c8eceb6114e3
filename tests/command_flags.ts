import assert from "node:assert/strict";
import { runScript } from "./processes.ts";

/** A flag with its variable and its default; null: nothing to quote. */
export interface Flag {
  readonly flag: string;
  readonly variable: string;
  readonly byDefault: string | null;
}

/** Reads the flags from a command's `--help`. */
export async function flagsOf(script: string): Promise<Flag[]> {
  const command = runScript(script, ["--help"]);
  const { code } = await command.ended;
  assert.equal(code, 0, command.output());
  // A long description continues on the next line.
  const text = command.stdout().replaceAll(/\n {4,}/g, " ");
  return text.split("\n").flatMap((line) => {
    const [, flag] = /^ {2}(?:-\w, )?(--[a-z-]+)/.exec(line) ??
      /^ {2}(url)\b/.exec(line) ?? [];
    const [, variable] = /env: (SWARM_[A-Z_]+)/.exec(line) ?? [];
    if (flag === undefined || variable === undefined) return [];
    const [, quoted] = /default: ("[^"]*"|\d+)/.exec(line) ?? [];
    const byDefault = quoted?.replaceAll('"', "") ?? null;
    return [{ flag, variable, byDefault }];
  });
}
