import { Command, InvalidArgumentError, Option } from "commander";
import {
  type BackendChoice,
  denoBackendChoices,
} from "../../protocol/training.ts";

/** What the `join` command was asked for. */
export interface JoinOptions {
  /** The coordinator's origin: `http://192.168.0.5:8000`. */
  readonly url: string;
  /** Trials that train at once. */
  readonly threads: number;
  readonly backend: BackendChoice;
  /** Nickname; the coordinator makes one up otherwise. */
  readonly name?: string;
  /** What the coordinator's invitation says, where it asks for one. */
  readonly joinCode?: string;
  /** End when the study is complete. */
  readonly exit: boolean;
}

/**
 * Reads the flags of the `join` command; what a flag leaves out, its
 * environment variable may say. Prints help or one line of error and ends the
 * process where commander does so.
 *
 * @param cores What `--threads` is by default.
 */
export function parseJoinOptions(
  args: readonly string[],
  cores: number,
  variables: (name: string) => string | undefined,
): JoinOptions {
  const command = new Command("deno task join")
    .description(
      "Joins a swarm: trains trials that its coordinator lends, until you " +
        "press Ctrl-C.",
    )
    .argument(
      "[url]",
      "the coordinator's address, or its invitation with #CODE (env: SWARM_URL)",
      address,
    )
    .addOption(
      new Option("--threads <n>", "trials that train at once")
        .env("SWARM_THREADS").argParser(threads).default(cores, "one a core"),
    )
    .addOption(
      new Option("--backend <name>", "what trains; auto takes the fastest")
        .env("SWARM_BACKEND").choices(denoBackendChoices).default("auto"),
    )
    .addOption(
      new Option("--name <nick>", "shown beside your trials")
        .env("SWARM_NAME").argParser(nickname),
    )
    .addOption(
      new Option("--join-code <code>", "as the invitation says it")
        .env("SWARM_JOIN_CODE"),
    )
    .addOption(
      new Option("--exit", "end when the study is complete")
        .env("SWARM_EXIT").default(false),
    )
    .allowExcessArguments(false)
    // A suggestion stays on the error's line.
    .configureOutput({
      outputError: (text, write) =>
        write(`${text.trim().replaceAll(/\s*\n\s*/g, " ")}\n`),
    })
    .parse([...args], { from: "user" });
  const given: unknown = command.processedArgs[0];
  const variable = variables("SWARM_URL");
  try {
    const invitation = isInvitation(given)
      ? given
      : variable === undefined || variable === ""
      ? undefined
      : address(variable);
    if (invitation !== undefined) {
      return { ...invitation, ...command.opts<Omit<JoinOptions, "url">>() };
    }
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return command.error(`error: SWARM_URL is invalid: ${error.message}`);
  }
  return command.error(
    "error: which coordinator? deno task join http://HOST:8000",
  );
}

/** Where to join, and the code that stands behind the link's #. */
type Invitation = Pick<JoinOptions, "url" | "joinCode">;

function isInvitation(given: unknown): given is Invitation {
  return typeof given === "object" && given !== null && "url" in given;
}

/** An address's origin; a scheme and a page's path may be left or kept. */
function address(text: string): Invitation {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (url?.protocol === "http:" || url?.protocol === "https:") {
    const joinCode = url.hash.slice(1);
    return { url: url.origin, ...(joinCode !== "" && { joinCode }) };
  }
  throw new InvalidArgumentError(
    `Give an address such as http://192.168.0.5:8000.`,
  );
}

function threads(text: string): number {
  const value = /^\d{1,4}$/.test(text) ? Number(text) : NaN;
  if (value >= 1 && value <= 1024) return value;
  throw new InvalidArgumentError("Give a whole number from 1 to 1024.");
}

function nickname(text: string): string {
  const name = text.trim();
  if (name.length >= 1 && name.length <= 40) return name;
  throw new InvalidArgumentError("Give 1 to 40 characters.");
}
