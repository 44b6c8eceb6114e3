import type { JSX } from "preact";
import type { Series } from "../charts/line_chart.tsx";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { formats, words } from "../ui/language.ts";

/** The figures that the curves show. */
export function CurvesTable(
  { series, epochs, caption }: {
    readonly series: readonly Series[];
    readonly epochs: number;
    readonly caption: string;
  },
): JSX.Element {
  const t = words(leaderboardWords).curves;
  return (
    <details class="as-table">
      <summary>{t.asTable}</summary>
      <div
        class="table-scroll"
        role="group"
        aria-label={t.asTable}
        tabIndex={0}
      >
        <table>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              <th scope="col">{t.epoch}</th>
              {series.map((one) => (
                <th key={one.key} scope="col">{one.label}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {Array.from({ length: epochs }, (_, i) => (
              <tr key={i}>
                <th scope="row">{i + 1}</th>
                {series.map((one) => {
                  const value = one.values[i];
                  return (
                    <td key={one.key}>
                      {value === undefined
                        ? "–"
                        : formats.value.fixed(value, 4)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
