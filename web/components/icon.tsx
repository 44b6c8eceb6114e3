import type { JSX } from "preact";

/** Outlines on a 16 x 16 grid, drawn in the colour of the text. */
const outlines = {
  check: "M3.5 8.5l3 3 6-7",
  cross: "M4.5 4.5l7 7m0-7l-7 7",
  question: "M5.6 6a2.4 2.4 0 1 1 3.5 2.1C8.3 8.5 8 8.9 8 9.7v.3M8 12.4v.1",
  alert: "M8 2.5l6 11H2zM8 6.5v3.2M8 11.6v.1",
  up: "M8 12.5v-9m-3.5 3.5L8 3.5 11.5 7",
  down: "M8 3.5v9M4.5 9L8 12.5 11.5 9",
  sort: "M5.5 6L8 3.5 10.5 6M5.5 10L8 12.5 10.5 10",
  close: "M5 5l6 6m0-6l-6 6",
  link: "M6.5 4.5h-3v8h8v-3M9 3.5h3.5V7M12.2 3.8L7.5 8.5",
  download: "M8 3v7m-3-3l3 3 3-3M3.5 13h9",
  copy: "M5.5 5.5v-2h7v7h-2M3.5 5.5h7v7h-7z",
} as const;

export type IconName = keyof typeof outlines;

/** A decoration beside text, hidden from screen readers. */
export function Icon({ name }: { readonly name: IconName }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={outlines[name]} />
    </svg>
  );
}

/** The product's logo: a layer's units, some of them dropped. */
export function Mark(): JSX.Element {
  const kept = [0, 2, 3, 5, 6, 8];
  return (
    <svg class="mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {Array.from({ length: 9 }, (_, i) => (
        <circle
          class={kept.includes(i) ? "kept" : "dropped"}
          cx={4 + (i % 3) * 8}
          cy={4 + Math.floor(i / 3) * 8}
          r={kept.includes(i) ? 3 : 2.4}
        />
      ))}
    </svg>
  );
}
