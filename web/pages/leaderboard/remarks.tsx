import type { JSX } from "preact";
import type { Leaderboard, SeedRemark } from "../../../protocol/leaderboard.ts";
import { TableScroll } from "../../components/tables.tsx";
import { leaderboardWords } from "../../i18n/language.ts";
import { Icon, type IconName } from "../../components/icon.tsx";
import { formats, localized, words } from "../../components/language.ts";

const icons = {
  agrees: "check",
  disagrees: "cross",
  open: "question",
} as const satisfies Record<SeedRemark["agreement"], IconName>;

/** A table of the notebook's remarks and the measured figures. */
export function Remarks(
  { leaderboard }: { readonly leaderboard: Leaderboard },
): JSX.Element | null {
  const t = words(leaderboardWords).remarks;
  const { remarks } = leaderboard;
  if (remarks.length === 0) return null;
  return (
    <section class="remarks" aria-labelledby="remarks-heading">
      <h2 id="remarks-heading">{t.heading}</h2>
      <p class="note">{t.note}</p>
      <p class="tally">
        {(["agrees", "disagrees", "open"] as const).map((agreement) => {
          const count = remarks.filter((r) => r.agreement === agreement).length;
          return count > 0 && (
            <span key={agreement} class={`agreement is-${agreement}`}>
              <Icon name={icons[agreement]} />
              {t.count(t.names[agreement], formats.value.integer(count))}
            </span>
          );
        })}
      </p>
      <details>
        <summary>{t.all(formats.value.integer(remarks.length))}</summary>
        <TableScroll label="#remarks-heading">
          <table>
            <thead>
              <tr>
                <th scope="col">{t.agreement}</th>
                <th scope="col">{t.says}</th>
                <th scope="col">{t.measured}</th>
              </tr>
            </thead>
            <tbody>
              {remarks.map((remark) => (
                <tr key={remark.id}>
                  <td>
                    <span class={`agreement is-${remark.agreement}`}>
                      <Icon name={icons[remark.agreement]} />
                      {t.names[remark.agreement]}
                    </span>
                  </td>
                  <th scope="row">{localized(remark.says)}</th>
                  <td>{localized(remark.words)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </TableScroll>
      </details>
    </section>
  );
}
