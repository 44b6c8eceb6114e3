import {
  Command,
  InvalidArgumentError,
  Option,
  type ParseOptionsResult,
} from "commander";

/** Reads an environment variable; undefined: it is not set. */
export type Variables = (name: string) => string | undefined;

/**
 * The one way in which a variable is read: by its value. An empty or blank one
 * counts as not set, because Docker Compose and env files pass on what nobody
 * set as an empty text.
 */
export function readVariable(
  name: string,
  variables: Variables,
): string | undefined {
  const text = variables(name)?.trim();
  return text === "" ? undefined : text;
}

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
  /** Options that it cannot be combined with. */
  readonly conflicts?: string[];
  /** A list in one value: given twice, one of both would be lost. */
  readonly once?: true;
}

/**
 * The flags of a command, by the options that they set: `leaseSeconds` is
 * `--lease-seconds`, or the variable `SWARM_LEASE_SECONDS`.
 */
export type Flags<Options> = {
  readonly [Name in keyof Options]-?: Flag;
};

/** `leaseSeconds` is `--lease-seconds`, or `SWARM_LEASE_SECONDS`. */
function namesOf(key: string): { flag: string; variable: string } {
  const words = key.replaceAll(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
  const variable = `SWARM_${words.replaceAll("-", "_").toUpperCase()}`;
  return { flag: `--${words}`, variable };
}

/**
 * A command of `deno task` with its flags: one list for parsing, help and
 * variables. A variable takes the place of the flag's default.
 */
export function createCommand<Options>(
  name: string,
  about: string,
  flags: Flags<Options>,
  variables: Variables,
): Command {
  const command = new CommandWithVariables(`deno task ${name}`)
    .description(about)
    // Refused later, in words of ours.
    .allowExcessArguments()
    // Keeps an error and its suggestion on one line.
    .configureOutput({
      outputError: (text, write) =>
        write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`),
    });
  const { writeOut, writeErr } = command.configureOutput();
  command.configureOutput({
    writeOut: withoutErrors(writeOut),
    writeErr: withoutErrors(writeErr),
  });
  for (const [key, each] of Object.entries<Flag>(flags)) {
    const { flag, variable } = namesOf(key);
    const option = new Option(
      [flag, each.value ?? []].flat().join(" "),
      each.noVariable ? each.help : `${each.help} (env: ${variable})`,
    );
    const read = readerOf(each);
    if (each.choices !== undefined) option.choices(each.choices);
    if (each.value === undefined) option.default(false);
    else option.argParser((text) => command.readValue(flag, text, read));
    if (each.conflicts !== undefined) option.conflicts(each.conflicts);
    if (each.byDefault !== undefined) {
      const text = each.defaultText ?? JSON.stringify(each.byDefault);
      // Read as if it had been given: a path depends on where the user stands.
      option.default(
        typeof each.byDefault === "string"
          ? read(each.byDefault)
          : each.byDefault,
        text,
      );
    }
    command.addOption(option);
    if (each.once) command.once.add(flag);
    if (each.required) {
      command.afterAll.push(() => {
        if (command.getOptionValue(key) !== undefined) return;
        command.error(
          `error: ${flag} is missing: give ${option.flags}, ${each.help}`,
        );
      });
    }
    if (each.noVariable) continue;
    command.afterFlags.push(() => {
      const text = readVariable(variable, variables);
      if (text === undefined || command.getOptionValueSource(key) === "cli") {
        return;
      }
      const value = command.readValue(
        variable,
        text,
        (text) => variableValue(option, text, read),
      );
      if (value === undefined) return;
      command.setOptionValueWithSource(key, value, "default");
    });
  }
  return command;
}

/** @returns what reads the flag's value and says what to give instead. */
function readerOf({ parse, choices }: Flag): (text: string) => unknown {
  if (parse !== undefined || choices === undefined) {
    return parse ?? ((text) => text);
  }
  return (text) => {
    if (choices.includes(text)) return text;
    throw new InvalidArgumentError(`Give one of ${choices.join(", ")}.`);
  };
}

/** One line for a value that cannot be: where it stands, and what to give. */
export function invalidValue(name: string, text: string, why: string): string {
  const [first = "", ...rest] = why.replace(/\.?$/, ".");
  return `error: ${name} is invalid: ${JSON.stringify(masked(text))}. ` +
    first.toUpperCase() + rest.join("");
}

/** Without the password of an address, and not longer than a line or two. */
function masked(text: string): string {
  const open = text.replace(/(:\/\/[^:@/]*:)[^/]*(?=@)/, "$1***");
  return open.length > 200 ? `${open.slice(0, 199)}…` : open;
}

/**
 * Commander with our variables and our words. By itself it sets a switch
 * whatever its variable's value is, takes a flag for the value of the one
 * before it, and says "option '--port <n>' argument missing".
 */
class CommandWithVariables extends Command {
  readonly afterFlags: (() => void)[] = [];
  readonly afterAll: (() => void)[] = [];
  /** Flags that may be given once alone. */
  readonly once = new Set<string>();

  override parseOptions(args: string[]): ParseOptionsResult {
    this.#check(args);
    const parsed = super.parseOptions(args);
    for (const read of this.afterFlags) read();
    return parsed;
  }

  /** The value, or the end of the process with a line of error. */
  readValue(name: string, text: string, read: (text: string) => unknown) {
    try {
      return read(text);
    } catch (error) {
      if (!(error instanceof InvalidArgumentError)) throw error;
      return this.error(invalidValue(name, text, error.message));
    }
  }

  /** Ends the process where values and flags are not in their places. */
  #check(args: readonly string[]): void {
    const given = new Set<string>();
    for (let at = 0; at < args.length; at++) {
      const [flag = "", ...value] = args[at]?.split("=") ?? [];
      if (flag === "--") return;
      const option = this.options.find(({ long }) => long === flag);
      if (option === undefined) continue;
      if (option.isBoolean()) {
        if (value.length === 0) continue;
        this.error(
          `error: ${flag} takes no value: give ${flag} alone, or leave it out`,
        );
      }
      if (given.has(flag) && this.once.has(flag)) {
        this.error(
          `error: ${flag} is given twice: put everything into one value`,
        );
      }
      given.add(flag);
      if (value.length > 0 || !option.required) continue;
      const next = args[++at];
      if (next === undefined) {
        this.error(`error: ${flag} needs a value: give ${option.flags}`);
      } else if (next.startsWith("--")) {
        this.error(
          `error: ${flag} needs a value: give ${option.flags}; if the value ` +
            `is ${next}, write ${flag}=${next}`,
        );
      }
    }
  }
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ...["true", "yes", "on", "1"].map((word) => [word, true] as const),
  ...["false", "no", "off", "0"].map((word) => [word, false] as const),
]);

/**
 * What a variable's text says for an option; undefined: the same as no variable.
 * `[code]` may be switched on, which is the flag without a value, or off.
 *
 * @throws {InvalidArgumentError} that says what to give instead.
 */
function variableValue(
  option: Option,
  text: string,
  read: (text: string) => unknown,
): unknown {
  const on = SWITCH.get(text.toLowerCase());
  if (option.optional && on !== undefined) return on || undefined;
  if (!option.isBoolean()) return read(text);
  if (on !== undefined) return on;
  const words = [...SWITCH.keys()];
  throw new InvalidArgumentError(
    `Give ${words.slice(0, 4).join(", ")}, or ${words.slice(4).join(", ")}.`,
  );
}

/** A full disk or a closed pipe behind a command's help is no fault of it. */
function withoutErrors(write: (text: string) => void = () => {}) {
  return (text: string) => {
    try {
      write(text);
    } catch {
      // There is nowhere to say so.
    }
  };
}

/**
 * Reads a command's flags; without a flag, its variable counts. For `--help` or
 * a wrong flag it prints help or one line of error and ends the process.
 */
export function parseCommand<Options extends object>(
  command: Command,
  args: readonly string[],
): Options {
  // Whoever comes from npm separates a script's flags from npm's own.
  const [first] = args;
  command.parse(args.slice(first === "--" ? 1 : 0), { from: "user" });
  const { args: words, registeredArguments: taken } = command;
  const extra = words.slice(taken.length);
  if (extra.length > 0) {
    command.error(
      `error: not understood: ${
        extra.map((word) => `"${word}"`).join(", ")
      }; ` +
        "a value stands behind its flag, and --help lists the flags",
    );
  }
  if (command instanceof CommandWithVariables) {
    for (const check of command.afterAll) check();
  }
  return command.opts<Options>();
}

/**
 * A line for each variable that is set and whose name is one letter away from
 * one that a command reads. The names that are set cannot be listed with the
 * permission for `SWARM_*` alone, so each near name is asked for.
 *
 * @param names The variables that there are.
 */
export function misspeltVariables(
  names: readonly string[],
  variables: Variables,
): string[] {
  const right = new Set(names);
  const seen = new Set<string>();
  return names.flatMap((name) =>
    near(name).flatMap((wrong) => {
      if (right.has(wrong) || seen.has(wrong)) return [];
      seen.add(wrong);
      return readVariable(wrong, variables) === undefined
        ? []
        : [`warning: ${wrong} has no effect; did you mean ${name}?`];
    })
  );
}

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ_";

/** All names with one letter too many, too few, another or exchanged. */
function near(name: string): string[] {
  const prefix = "SWARM_";
  const word = name.slice(prefix.length);
  const places = Array.from({ length: word.length + 1 }, (_, at) => at);
  return places.flatMap((at) => {
    const [head, rest] = [word.slice(0, at), word.slice(at)];
    const [first = "", second = ""] = rest;
    return [
      ...[...LETTERS].flatMap((letter) => [
        head + letter + rest,
        // Another letter in a short name makes another word.
        ...rest === "" || word.length < 4
          ? []
          : [head + letter + rest.slice(1)],
      ]),
      ...rest === "" ? [] : [head + rest.slice(1)],
      ...second === "" ? [] : [head + second + first + rest.slice(2)],
    ];
  }).map((word) => prefix + word);
}

/** The variables of flags. */
export function variablesOf<Options>(flags: Flags<Options>): string[] {
  return Object.entries<Flag>(flags).flatMap(([key, { noVariable }]) =>
    noVariable ? [] : [namesOf(key).variable]
  );
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
