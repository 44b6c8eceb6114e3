import type { ComponentChildren, JSX } from "preact";

/** A figure with its name, in a strip of them. */
export function Stat(
  { name, note, children }: {
    readonly name: string;
    readonly note?: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  return (
    <div class="stat">
      <dt>{name}</dt>
      <dd>
        <span class="value">{children}</span>
        {note !== undefined && note !== "" && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}
