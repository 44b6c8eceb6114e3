import { generate } from "lean-qr";

/** The quiet zone that readers need around a code, in modules. */
const QUIET = 4;

/** Black on bright white, whatever the terminal's colours: cameras need it. */
const [INK, OFF] = ["\x1b[30;107m", "\x1b[0m"];

/** A QR code of a link for a terminal with colours; a line is two modules. */
export function qrText(link: string): string {
  const code = generate(link);
  const lines: string[] = [];
  for (let y = -QUIET; y < code.size + QUIET; y += 2) {
    let line = "";
    for (let x = -QUIET; x < code.size + QUIET; x++) {
      const [top, bottom] = [code.get(x, y), code.get(x, y + 1)];
      line += top ? bottom ? "█" : "▀" : bottom ? "▄" : " ";
    }
    lines.push(`${INK}${line}${OFF}`);
  }
  return lines.join("\n");
}
