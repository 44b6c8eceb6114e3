import type { ComponentChildren, JSX } from "preact";
import type { Leaderboard } from "../../coordinator/protocol/leaderboard.ts";
import type { ReportOrigin } from "../../coordinator/protocol/report.ts";
import { languageTags } from "../i18n/language.ts";
import { reportWords } from "../i18n/report_words.ts";
import { formats, language, words } from "../ui/language.ts";

/** What made the figures, and how to have them again. */
export function Origin(
  { origin, leaderboard }: {
    readonly origin: ReportOrigin;
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const t = words(reportWords).made;
  const { study, progress, rows, revision } = leaderboard;
  const count = formats.value.integer;
  const made = new Intl.DateTimeFormat(languageTags[language.value], {
    dateStyle: "long",
    timeStyle: "short",
    timeZone: "UTC",
  }).format(new Date(origin.madeAt));
  return (
    <section class="origin" aria-labelledby="origin-heading">
      <h2 id="origin-heading">{t.heading}</h2>
      <dl>
        <Fact name={t.on}>{made} UTC</Fact>
        <Fact name={t.software}>
          {t.versions(
            origin.version,
            origin.deno,
            count(origin.protocolVersion),
          )}
        </Fact>
        <Fact name={t.data}>
          {t.counts(
            count(rows.length),
            count(progress.completed),
            count(revision),
          )}
        </Fact>
        <Fact name={t.trained}>
          {origin.backends.length === 0
            ? t.notKnown
            : origin.backends.map(({ backend, trials, seconds }) => (
              <span key={backend} class="backend">
                {t.backend(
                  backend,
                  count(trials),
                  formats.value.duration(seconds),
                )}
              </span>
            ))}
        </Fact>
      </dl>
      <h3>{t.commands}</h3>
      <pre tabIndex={0}>{origin.commands.join("\n")}</pre>
      <p class="note">{t.seed(count(study.seed))}</p>
    </section>
  );
}

function Fact(
  { name, children }: {
    readonly name: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
