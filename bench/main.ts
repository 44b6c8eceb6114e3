import { DatasetNotFoundError } from "../worker/data/find_dataset.ts";
import { isFlagError } from "./flags.ts";

/**
 * `deno task bench NAME [flags]`: runs one of the measurements in this folder.
 * Each prints its figures and method; none asserts a speed.
 */
interface Bench {
  /** Runs it with the flags after its name. */
  run(args: string[]): Promise<void>;
}

export const benches: Readonly<
  Record<string, { readonly about: string; load(): Promise<Bench> }>
> = {
  step: {
    about: "a training step on every backend and in PyTorch",
    load: () => import("./step.ts"),
  },
  attacks: {
    about: "lying volunteers: how many lies are caught, at what cost",
    load: () => import("./attacks.ts"),
  },
  drift: {
    about: "how far the same trial drifts apart between two backends",
    load: () => import("./drift.ts"),
  },
  leaderboard: {
    about: "what a leaderboard of thousands of points costs the coordinator",
    load: () => import("./leaderboard.ts"),
  },
  gpu: {
    about: "the GPU calls of a training step: dispatches, bytes up and back",
    load: () => import("./gpu.ts"),
  },
  join: {
    about: "what joining costs a browser: bytes, and seconds to the first step",
    load: () => import("./join.ts"),
  },
  golden: {
    about: "train every reference point and compare with PyTorch's figures",
    load: () => import("./golden.ts"),
  },
  swarm: {
    about: "the coordinator under thousands of volunteers, and what it costs",
    load: () => import("./swarm.ts"),
  },
  simulate: {
    about: "the whole swarm on virtual time, thousands of hostile worlds",
    load: () => import("./simulate.ts"),
  },
};

function usage(): string {
  const lines = Object.entries(benches).map(([name, { about }]) =>
    `  ${name.padEnd(12)} ${about}`
  );
  return `Usage: deno task bench NAME [flags]\n\n${lines.join("\n")}`;
}

/** Runs the bench that the arguments name; resolves to the exit status. */
export async function main([name, ...args]: string[]): Promise<number> {
  const bench = name !== undefined && Object.hasOwn(benches, name)
    ? benches[name]
    : undefined;
  if (bench === undefined) {
    if (name === undefined || name === "--help" || name === "-h") {
      console.log(usage());
      return 0;
    }
    console.error(`error: no such bench: ${name}\n\n${usage()}`);
    return 2;
  }
  const { run } = await bench.load();
  try {
    await run(args);
    return 0;
  } catch (error) {
    if (isFlagError(error)) {
      const help = `deno task bench ${name} --help lists the flags`;
      const line = error.message.replaceAll(/\.?\s*\n\s*/g, "; ");
      console.error(`error: ${line}; ${help}`);
    } else if (error instanceof DatasetNotFoundError) {
      console.error(`error: ${error.message}`);
    } else throw error;
    return 2;
  }
}

if (import.meta.main) {
  const status = await main(Deno.args);
  // Zero leaves the status that a bench has set itself.
  if (status !== 0) Deno.exit(status);
}
