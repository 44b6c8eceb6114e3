import type { JSX } from "preact";
import type { TrialView } from "../../coordinator/protocol/views.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { Icon } from "../ui/icon.tsx";
import { formats, words } from "../ui/language.ts";

const names = ["trainLoss", "trainAccuracy", "testAccuracy"] as const;

/** d2l's three checks with the figures that they judge. */
export function Checks(
  { trial: { result } }: { readonly trial: TrialView },
): JSX.Element {
  const t = words(trialsWords).checks;
  return (
    <section aria-labelledby="checks-heading">
      <h2 id="checks-heading">{t.heading}</h2>
      <p class="hint">{t.note}</p>
      {result === null
        ? <p>{t.waiting}</p>
        : result.outcome === "diverged"
        ? <p>{t.diverged}</p>
        : (
          <ul class="checklist">
            {names.map((name) => {
              const passed = result.checks[name];
              const value = result.epochs.at(-1)?.[name];
              return (
                <li key={name} class={passed ? "check-all" : "check-some"}>
                  <Icon name={passed ? "check" : "alert"} />
                  <span>{t[name]}</span>
                  <span class="value">
                    {value !== undefined && formats.value.fixed(value, 4)}
                  </span>
                  <span>{passed ? t.passed : t.failed}</span>
                </li>
              );
            })}
          </ul>
        )}
    </section>
  );
}
