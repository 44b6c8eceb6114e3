import { classHighlighter, highlightCode } from "@lezer/highlight";
import { parser } from "@lezer/javascript";
import type { Listing, Token } from "./code.tsx";

/**
 * The lesson's listings. The build copies them from the source code that
 * trains, so that they cannot become outdated.
 */

/** The listings and their places in the source code. */
export const excerpts = [
  {
    id: "dropoutLayer",
    file: "worker/training/dropout.ts",
    start: "export function dropoutLayer<",
  },
  {
    id: "forward",
    file: "worker/training/networks.ts",
    after: "export function createScratchNetwork(",
    start: "function forward(",
  },
  {
    id: "model",
    file: "worker/training/networks.ts",
    start: "const model = tf.sequential(",
  },
  {
    id: "CounterDropout",
    file: "worker/training/networks.ts",
    start: "class CounterDropout ",
  },
] as const satisfies readonly (Pick<Listing, "id" | "file"> & {
  readonly start: string;
  /** A text in the file after which the listing begins. */
  readonly after?: string;
})[];

/** Makes the listings; `read` reads a file. */
export function makeListings(
  read: (file: string) => Promise<string>,
): Promise<Listing[]> {
  return Promise.all(excerpts.map(async ({ id, file, start, ...rest }) => {
    const source = await read(file);
    const from = "after" in rest ? source.indexOf(rest.after) : 0;
    const tokens = tokensOf(excerpt(source.slice(Math.max(0, from)), start));
    return { id, file, tokens };
  }));
}

/**
 * The statement whose first line begins with `start`, without its indentation.
 * The formatter indents the inner lines of a statement, so it ends at the first
 * line with the same indentation that closes a bracket and opens none.
 *
 * @throws Error unless exactly one line begins with `start`
 */
export function excerpt(source: string, start: string): string {
  const lines = source.split("\n");
  const begins = lines.flatMap((line, i) =>
    line.trimStart().startsWith(start) ? [i] : []
  );
  const [first, second] = begins;
  if (first === undefined || second !== undefined) {
    throw new Error(
      `the lesson's listing begins on ${begins.length} lines: ${start}`,
    );
  }
  const line = lines[first] ?? "";
  const indent = line.slice(0, line.length - line.trimStart().length);
  const length = lines.slice(first + 1).findIndex((one) =>
    one.startsWith(indent) && /^[}\])]/.test(one.slice(indent.length)) &&
    !/[{[(]$/.test(one)
  );
  if (length < 0) throw new Error(`the lesson's listing has no end: ${start}`);
  return lines.slice(first, first + length + 2)
    .map((one) => one.slice(indent.length)).join("\n");
}

const typescript = parser.configure({ dialect: "ts" });

/** Cuts TypeScript into styled pieces, which together are the whole code. */
export function tokensOf(code: string): Token[] {
  const tokens: Token[] = [];
  highlightCode(
    code,
    typescript.parse(code),
    classHighlighter,
    (text, style) => tokens.push([style, text]),
    () => tokens.push(["", "\n"]),
  );
  return tokens;
}
