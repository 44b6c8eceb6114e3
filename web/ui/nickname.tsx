import type { JSX } from "preact";

/**
 * What a worker calls itself or its device: a stranger's text. It is shown as
 * text, its direction does not reach the words around it, and a long one is
 * cut off.
 */
export function Nickname({ text }: { readonly text: string }): JSX.Element {
  return <bdi class="nick" title={text}>{text}</bdi>;
}
