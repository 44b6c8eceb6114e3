import { InvalidArgumentError } from "commander";
import {
  createCommand,
  type Flags,
  invalidValue,
  misspeltVariables,
  parseCommand,
  readVariable,
  type Variables,
  variablesOf,
  wholeNumber,
} from "../../protocol/command_line.ts";
import { coordinatorOf } from "../../protocol/pages.ts";
import {
  type BackendChoice,
  denoBackendChoices,
} from "../../protocol/training.ts";

/** Options of the `join` command. */
export interface JoinOptions {
  /** The coordinator's address: `http://192.168.0.5:8000`. */
  readonly url: string;
  /** Trials that train at once. */
  readonly threads: number;
  readonly backend: BackendChoice;
  /** Nickname; the coordinator makes one up otherwise. */
  readonly name?: string;
  /** What the coordinator's invitation says, where it asks for one. */
  readonly joinCode?: string;
  /** Megabytes that training may use. */
  readonly memory?: number;
  /** End when the study is complete. */
  readonly exit: boolean;
}

/** @param cores What `--threads` is by default. */
const joinFlags = (cores: number): Flags<Omit<JoinOptions, "url">> => ({
  threads: {
    value: "<n>",
    help: "trials that train at once",
    parse: wholeNumber(1, 1024),
    byDefault: cores,
    defaultText: "one a core",
  },
  backend: {
    value: "<name>",
    help: "what trains; auto takes the fastest",
    choices: denoBackendChoices,
    byDefault: "auto",
  },
  name: {
    value: "<nick>",
    help: "shown beside your trials",
    parse: nickname,
  },
  joinCode: {
    value: "<code>",
    help: "as the invitation says it",
  },
  memory: {
    value: "<mb>",
    help: "megabytes of memory that training may use; half of this machine's " +
      "unless set",
    parse: wholeNumber(1, 100_000_000),
  },
  exit: {
    help: "end when the study is complete",
  },
});

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
  variables: Variables,
  warn: (line: string) => void = console.error,
): JoinOptions {
  const flags = joinFlags(cores);
  const command = createCommand(
    "join",
    "Joins a swarm: trains trials that its coordinator leases, until you " +
      "press Ctrl-C.",
    flags,
    variables,
  ).argument(
    "[url]",
    "the coordinator's address, or its invitation with #CODE (env: SWARM_URL)",
  );
  const options = parseCommand<Omit<JoinOptions, "url">>(command, args);
  const [given] = command.args;
  const text = given ?? readVariable("SWARM_URL", variables);
  const names = [...variablesOf(flags), "SWARM_URL", "SWARM_CACHE"];
  misspeltVariables(names, variables).forEach((line) => warn(line));
  if (text === undefined) {
    return command.error(
      "error: the coordinator's address is missing: " +
        "deno task join http://HOST:8000, as its invitation says",
    );
  }
  try {
    return { ...address(withoutWrapping(text)), ...options };
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    const name = given === undefined ? "SWARM_URL" : "the address";
    return command.error(invalidValue(name, text, error.message));
  }
}

/** Where to join, and the code that stands behind the link's #. */
type Invitation = Pick<JoinOptions, "url" | "joinCode">;

/** An address as it comes out of a message: in quotes, a slash too few. */
function withoutWrapping(text: string): string {
  return text
    .replace(/^[\s"'“”‘’<(]+|[\s"'“”‘’>),;]+$/g, "")
    .replace(/^(https?):\/?(?!\/)/i, "$1://");
}

/** The coordinator's address; a scheme and a page's path may be there or not. */
function address(text: string): Invitation {
  const full = /^[a-z]+:\/\//i.test(text) ? text : `http://${text}`;
  const url = URL.canParse(full) ? new URL(full) : null;
  if (url?.protocol === "http:" || url?.protocol === "https:") {
    const joinCode = url.hash.slice(1);
    return { url: coordinatorOf(url), ...(joinCode !== "" && { joinCode }) };
  }
  throw new InvalidArgumentError(
    `Give an address such as http://192.168.0.5:8000.`,
  );
}

function nickname(text: string): string {
  const name = text.trim();
  if (name.length >= 1 && name.length <= 40) return name;
  throw new InvalidArgumentError("Give 1 to 40 characters.");
}
