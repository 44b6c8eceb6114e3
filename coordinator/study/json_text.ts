import { messageOf } from "../../protocol/error_text.ts";

/** JSON that a person wrote, with errors that name the mistake and its line. */

/** The text is not JSON, or not what it seems. The message is one line. */
export class JsonMistake extends Error {
  override readonly name = "JsonMistake";
}

/**
 * Parses JSON, with or without a byte-order mark.
 *
 * @throws {JsonMistake} also for two fields of one name, of which `JSON.parse`
 * drops the first, and for numbers too large for it.
 */
export function parseJson(text: string): unknown {
  const plain = text.replace(/^\uFEFF/, "");
  const scanned = scan(plain);
  if (scanned !== null) throw new JsonMistake(scanned);
  try {
    return JSON.parse(plain);
  } catch (error) {
    // Inside a text: an escape that is none, or a control character.
    const why = messageOf(error).replaceAll(/\s+/g, " ");
    throw new JsonMistake(`not JSON: ${why}`);
  }
}

/** A text, a sign, a word, or a quote that opens a text and does not end it. */
const TOKEN =
  /[ \t\n\r]*("(?:[^"\\\n\r]|\\.)*"|[{}[\]:,]|[^ \t\n\r{}[\]:,"]+|")/y;

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

/** What may come next. */
type Next =
  | "value"
  | "value or end"
  | "key"
  | "key or end"
  | "colon"
  | "comma or end"
  | "nothing";

interface Open {
  readonly end: "}" | "]";
  readonly line: number;
  /** Of an object: its fields and their lines. */
  readonly keys: Map<string, number>;
}

/** The first mistake, with its place; null: there is none outside of texts. */
function scan(text: string): string | null {
  const open: Open[] = [];
  let next: Next = "value";
  let line = 1;
  let lineStart = 0;
  let end = 0;
  let before = "";
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match; match = TOKEN.exec(text)) {
    const token = match[1] ?? "";
    const at = TOKEN.lastIndex - token.length;
    for (let i = end; i < at; i++) {
      if (text[i] !== "\n") continue;
      line++;
      lineStart = i + 1;
    }
    end = TOKEN.lastIndex;
    const inner = open.at(-1);
    const place = `line ${line}, column ${at - lineStart + 1}`;
    const no = (why: string) => `not JSON: ${place}: ${why}`;
    const closes = token === inner?.end &&
      (next === "comma or end" || next === "value or end" ||
        next === "key or end");
    if (closes) {
      open.pop();
      next = open.length === 0 ? "nothing" : "comma or end";
    } else if (next === "value" || next === "value or end") {
      if (token === "{" || token === "[") {
        const end = token === "{" ? "}" : "]";
        open.push({ end, line, keys: new Map() });
        next = token === "{" ? "key or end" : "value or end";
      } else if (isText(token) || isPlain(token)) {
        if (!isText(token) && Math.abs(Number(token)) === Infinity) {
          return no(`${token} is too large a number`);
        }
        next = inner === undefined ? "nothing" : "comma or end";
      } else return no(misplaced(token, next, before));
    } else if ((next === "key" || next === "key or end") && isText(token)) {
      const first = inner?.keys.get(token);
      if (first !== undefined) {
        return `${place}: the field ${token} is here for the second time, ` +
          `the first is in line ${first}; delete one of them`;
      }
      inner?.keys.set(token, line);
      next = "colon";
    } else if (next === "colon" && token === ":") next = "value";
    else if (next === "comma or end" && token === ",") {
      next = inner?.end === "}" ? "key" : "value";
    } else return no(misplaced(token, next, before));
    before = token;
  }
  if (next === "nothing") return null;
  const inner = open.at(-1);
  if (inner !== undefined) {
    return `not JSON: the file ends before the ${inner.end} that closes what ` +
      `line ${inner.line} opens; is it whole?`;
  }
  return "not JSON: the file is empty";
}

const isText = (token: string) => token.length > 1 && token.startsWith('"');

const isPlain = (token: string) =>
  /^(true|false|null)$/.test(token) || NUMBER.test(token);

/** What is wrong about a token that may not stand where it stands. */
function misplaced(token: string, next: Next, before: string): string {
  const shown = token.length > 40 ? `${token.slice(0, 39)}…` : token;
  if (/^(\/\/|\/\*|#)/.test(token)) return "a comment; JSON has none";
  if (token === '"') return 'a text begins here, and its line has no closing "';
  if (/^['‘’“”„«`]/.test(token)) {
    return `texts and field names stand between straight double quotes, not ` +
      `as in ${shown}`;
  }
  if (/^[\s\u200B\u2060\uFEFF]/.test(token)) {
    const code = token.charCodeAt(0).toString(16).toUpperCase();
    return `an unusual space, U+${code.padStart(4, "0")}; type it anew`;
  }
  if (before === "," && /^[}\]]$/.test(token)) {
    return `there is a comma before this ${token}; delete the comma`;
  }
  if (before === "" && next === "value") {
    return `the file begins with ${shown}, as ` +
      `${token.startsWith("<") ? "a web page" : "no JSON"} does`;
  }
  switch (next) {
    case "comma or end":
      return /^[}\]:]$/.test(token)
        ? `${token} does not belong here`
        : `a comma is missing before ${shown}`;
    case "colon":
      return `a colon is missing behind the field's name ${before}`;
    case "key":
    case "key or end":
      return /^[{}[\]:,]$/.test(token)
        ? `a field's name is missing before ${token}`
        : `field names stand between double quotes: "${shown}"`;
    case "value":
    case "value or end":
      if (/^[{}[\]:,]$/.test(token)) {
        return `a value is missing before ${token}`;
      }
      return /^[-+.\d]/.test(token)
        ? `${shown} is not how JSON writes a number`
        : `${shown} is no value: JSON has true, false, null, numbers and ` +
          '"texts"';
    case "nothing":
      return `there is ${shown} behind the end`;
    default:
      return next satisfies never;
  }
}
