import { Command, InvalidArgumentError, Option } from "commander";

/** One flag of a command: how it is given, read and explained. */
export interface Flag {
  /** As help shows it: `<n>`, `[code]`; absent: a switch, off by default. */
  readonly value?: string;
  /** Only the command line sets it. Default: a variable sets it too. */
  readonly noVariable?: true;
  readonly help: string;
  /** Absent: no default; without the flag the option is undefined. */
  readonly byDefault?: string | number | boolean;
  /** The default in words. */
  readonly defaultText?: string;
  readonly choices?: readonly string[];
  /** @throws {InvalidArgumentError} that says what to give instead. */
  readonly parse?: (text: string) => unknown;
  readonly required?: true;
  /** An option that it cannot be combined with. */
  readonly conflicts?: string;
}

/**
 * The flags of a command, by the options that they set: `leaseSeconds` is
 * `--lease-seconds`, or the variable `SWARM_LEASE_SECONDS`.
 */
export type Flags<Options> = {
  readonly [Name in keyof Options]-?: Flag;
};

/** A command of `deno task` with its flags: one list for parsing and help. */
export function createCommand<Options>(
  name: string,
  about: string,
  flags: Flags<Options>,
): Command {
  const command = new Command(`deno task ${name}`).description(about)
    .allowExcessArguments(false)
    // Keeps an error and its suggestion on one line.
    .configureOutput({
      outputError: (text, write) =>
        write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`),
    });
  for (const [key, each] of Object.entries<Flag>(flags)) {
    const words = key.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
    const option = new Option(
      [`--${words}`, each.value ?? []].flat().join(" "),
      each.help,
    );
    if (each.value === undefined) option.default(false);
    if (!each.noVariable) {
      option.env(`SWARM_${words.replaceAll("-", "_").toUpperCase()}`);
    }
    if (each.parse !== undefined) option.argParser(each.parse);
    if (each.choices !== undefined) option.choices(each.choices);
    if (each.conflicts !== undefined) option.conflicts(each.conflicts);
    if (each.byDefault !== undefined) {
      const text = each.defaultText ?? JSON.stringify(each.byDefault);
      // Read as if it had been given: a path depends on where the user stands.
      option.default(
        typeof each.byDefault === "string" && each.parse !== undefined
          ? each.parse(each.byDefault)
          : each.byDefault,
        text,
      );
    }
    if (each.required) option.makeOptionMandatory();
    command.addOption(option);
  }
  return command;
}

/**
 * Reads a command's flags; without a flag, its variable counts. For `--help` or
 * a wrong flag it prints help or one line of error and ends the process.
 */
export function parseCommand<Options extends object>(
  command: Command,
  args: readonly string[],
): Options {
  return command.parse([...args], { from: "user" }).opts<Options>();
}

/** Reads a whole number within these bounds. */
export function wholeNumber(
  min: number,
  max: number,
): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(
      `Give a whole number from ${min} to ${max}.`,
    );
  };
}
