import type { JSX } from "preact";
import type { EpochMetrics } from "../../coordinator/protocol/training.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { formats, words } from "../ui/language.ts";

/** Every figure of every epoch, folded away under the curves. */
export function EpochTable(
  { epochs }: { readonly epochs: readonly EpochMetrics[] },
): JSX.Element {
  const t = words(trialsWords).curves;
  const { metrics } = words(leaderboardWords);
  const columns = [
    ["trainLoss", metrics.trainLoss.short, 4],
    ["trainAccuracy", metrics.trainAccuracy.short, 4],
    ["testAccuracy", metrics.testAccuracy.short, 4],
    ["testLoss", metrics.testLoss.short, 4],
    ["trainLossDropoutOff", t.lossOff, 4],
    ["seconds", t.seconds, 2],
  ] as const;
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
          <caption class="hidden">{t.asTable}</caption>
          <thead>
            <tr>
              <th scope="col">{t.epoch}</th>
              {columns.map(([name, label]) => (
                <th key={name} scope="col">{label}</th>
              ))}
            </tr>
          </thead>
          <tbody>
            {epochs.map((metrics) => (
              <tr key={metrics.epoch}>
                <th scope="row">{metrics.epoch}</th>
                {columns.map(([name, , decimals]) => (
                  <td key={name}>
                    {formats.value.fixed(metrics[name], decimals)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
