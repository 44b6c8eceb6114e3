import type { JSX } from "preact";
import { useId } from "preact/hooks";
import { formats } from "../ui/language.ts";

/** A dropout rate from 0 to 1, by pointer or by keys. */
export function RateSlider(
  { label, value, onChange }: {
    readonly label: string;
    readonly value: number;
    readonly onChange: (rate: number) => void;
  },
): JSX.Element {
  const id = useId();
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={1}
        step={0.01}
        value={value}
        aria-valuetext={formats.value.rate(value)}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
      <output for={id}>{formats.value.fixed(value, 2)}</output>
    </div>
  );
}
