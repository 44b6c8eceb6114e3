import type { JSX } from "preact";
import { generate } from "lean-qr";
import { toSvgPath } from "lean-qr/extras/svg";

/** The quiet zone that readers need around a code, in modules. */
const quiet = 4;

/** A QR code of a link, dark on light in every theme so that cameras read it. */
export function QrCode(
  { link, label }: { readonly link: string; readonly label: string },
): JSX.Element {
  const code = generate(link);
  const side = code.size + 2 * quiet;
  return (
    <div class="qr">
      <svg
        viewBox={`${-quiet} ${-quiet} ${side} ${side}`}
        role="img"
        aria-label={label}
        shape-rendering="crispEdges"
      >
        <path d={toSvgPath(code)} fill="currentColor" />
      </svg>
    </div>
  );
}
