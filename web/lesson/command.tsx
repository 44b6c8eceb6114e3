import type { JSX } from "preact";

/** A command line that breaks between its words and not at a hyphen. */
export function Command({ line }: { readonly line: string }): JSX.Element {
  return (
    <code class="command">
      {line.split(" ").map((word, i) => (
        <span key={i}>
          {i > 0 && " "}
          <span>{word}</span>
        </span>
      ))}
    </code>
  );
}
