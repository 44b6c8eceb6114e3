import type { JSX } from "preact";

/** A few choices side by side, one of them taken. */
export function Segmented<T extends string>(
  { label, name, options, value, onChange }: {
    /** For screen readers; the choices speak for themselves otherwise. */
    readonly label: string;
    readonly name: string;
    readonly options: readonly { readonly value: T; readonly label: string }[];
    readonly value: T;
    readonly onChange: (value: T) => void;
  },
): JSX.Element {
  return (
    <fieldset class="segmented">
      <legend class="hidden">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            onChange={() => onChange(option.value)}
          />
          <span>{option.label}</span>
        </label>
      ))}
    </fieldset>
  );
}
