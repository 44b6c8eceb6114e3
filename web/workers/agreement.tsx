import type { JSX } from "preact";
import type {
  Deviation,
  WorkerList,
} from "../../coordinator/protocol/views.ts";
import { workersWords } from "../i18n/workers_words.ts";
import { formats, words } from "../ui/language.ts";

/** Smaller probabilities are told as smaller. */
const LEAST = 0.0001;

/** That somebody's results differ from the others' more than chance explains. */
export function OddTag(
  { deviation }: { readonly deviation: Deviation | null },
): JSX.Element | null {
  const t = words(workersWords).agreement;
  if (deviation === null || !deviation.odd) return null;
  return (
    <span class="detail odd">
      <span class="tag is-odd">{t.odd}</span> {sentence(deviation)}
    </span>
  );
}

/** By backend, whether results agree; nothing where there are none. */
export function Agreement(
  { backends }: Pick<WorkerList, "backends">,
): JSX.Element | null {
  const t = words(workersWords).agreement;
  const { integer } = formats.value;
  if (backends.length === 0) return null;
  return (
    <section aria-labelledby="agreement-heading">
      <h2 id="agreement-heading">{t.heading}</h2>
      <p class="hint">{t.note}</p>
      <div
        class="table-scroll"
        role="group"
        aria-labelledby="agreement-heading"
        tabIndex={0}
      >
        <table class="list">
          <caption class="hidden">{t.caption}</caption>
          <thead>
            <tr>
              <th scope="col" class="text">{t.backend}</th>
              <th scope="col">{t.results}</th>
              <th scope="col" class="text">{t.verdict}</th>
            </tr>
          </thead>
          <tbody>
            {backends.map(({ backend, results, deviation }) => (
              <tr key={backend}>
                <th scope="row" class="text">{backend}</th>
                <td>{integer(results)}</td>
                <td class="text">
                  {deviation === null ? t.nothing : (
                    <>
                      {deviation.odd
                        ? <span class="tag is-odd">{t.odd}</span>
                        : t.even}
                      <span class="detail">{sentence(deviation)}</span>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The test in a line. */
function sentence(
  { figure, chiSquare, points, pValue }: Deviation,
): string {
  const t = words(workersWords).agreement;
  const { fixed, integer } = formats.value;
  const p = pValue < LEAST ? `< ${fixed(LEAST, 4)}` : `= ${fixed(pValue, 4)}`;
  return t.test(t[figure], fixed(chiSquare, 1), integer(points), p);
}
