import type { JSX } from "preact";
import { joinWords } from "../i18n/join_words.ts";
import { formats, words } from "../ui/language.ts";
import type { ProgressModel } from "./progress_model.ts";

/** The backends that were measured, and which one trains. */
export function Measured(
  { model }: { readonly model: ProgressModel },
): JSX.Element | null {
  const t = words(joinWords);
  const report = model.slots.find((slot) => slot.report !== null)?.report;
  if (report === undefined || report === null) return null;
  const used = new Set(model.slots.map((slot) => slot.report?.backend));
  return (
    <section class="measured" aria-labelledby="measured-heading">
      <h2 id="measured-heading">{t.measured.heading}</h2>
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="measured-heading"
        tabIndex={0}
      >
        <table>
          <caption class="hidden">{t.measured.caption}</caption>
          <thead>
            <tr>
              <th scope="col">{t.measured.backend}</th>
              <th scope="col">{t.measured.step}</th>
              <th scope="col">{t.measured.detail}</th>
            </tr>
          </thead>
          <tbody>
            {report.measurements.map((one) => (
              <tr key={one.backend}>
                <th scope="row">
                  {t.backends[one.backend]}
                  {used.has(one.backend) && (
                    <span class="tag is-running">{t.measured.used}</span>
                  )}
                </th>
                <td>
                  {one.stepMilliseconds === null
                    ? <span class="faint">{t.slot.unknown}</span>
                    : t.measured.milliseconds(
                      formats.value.fixed(one.stepMilliseconds, 1),
                    )}
                </td>
                <td class="detail">
                  {one.unused !== undefined && t.measured.unused[one.unused]}
                  {" "}
                  <span lang="en">{one.detail}</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
