import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import type { PointView } from "../../coordinator/protocol/views.ts";
import type { Api } from "../api.ts";
import { commonWords } from "../i18n/common_words.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { trialsWords } from "../i18n/trials_words.ts";
import { formatMetric } from "../leaderboard/metrics.ts";
import { pointKey, pointLabel } from "../leaderboard/points.ts";
import { Crumbs } from "../ui/crumbs.tsx";
import { Icon } from "../ui/icon.tsx";
import { ItemNotices } from "../ui/item_notices.tsx";
import type { ItemState } from "../ui/item_state.ts";
import { formats, language, words } from "../ui/language.ts";
import { studyLink } from "../ui/links.ts";
import { Site } from "../ui/site.tsx";
import { Stat } from "../ui/stat.tsx";
import { PointCurves } from "./curves.tsx";
import { MetricsTable } from "./metrics_table.tsx";
import { Replicates } from "./replicates.tsx";
import { Swapped } from "./swapped.tsx";

/** One grid point with its replicates, live while they run. */
export function PointPage(
  { state, api }: {
    readonly state: ItemState<PointView>;
    readonly api: Pick<Api, "exports">;
  },
): JSX.Element {
  const t = words(trialsWords);
  const point = state.item.value;
  const title = point === null
    ? "dropout-swarm"
    : t.pointTitle(pointLabel(point.row.params));
  useEffect(() => {
    document.title = `${title} · dropout-swarm`;
  }, [title]);
  return (
    <Site page={null} connection={state.connection.value}>
      <ItemNotices state={state} missing={t.noPoint} failed={t.failed} />
      {point === null
        ? state.problem.value === null &&
          <p class="loading" role="status">{t.loading}</p>
        : <Body point={point} title={title} api={api} />}
    </Site>
  );
}

function Body(
  { point, title, api }: {
    readonly point: PointView;
    readonly title: string;
    readonly api: Pick<Api, "exports">;
  },
): JSX.Element {
  const t = words(trialsWords);
  const { rate } = formats.value;
  const { params } = point.row;
  const files = api.exports(point.studyId);
  const key = pointKey(params);
  return (
    <>
      <div class="item-head">
        <Crumbs
          label={t.path}
          links={[{
            href: studyLink(point.studyId),
            text: words(commonWords).leaderboard,
          }]}
          here={t.pointTitle(pointLabel(params))}
        />
        <h1>{title}</h1>
        <p class="recipe">
          {t.rates(rate(params.dropout1), rate(params.dropout2))}
        </p>
        <p class="recipe">{point.title[language.value]}</p>
      </div>
      <Figures point={point} />
      <PointCurves point={point} />
      <Replicates point={point} />
      <MetricsTable point={point} />
      <Swapped point={point} />
      <section class="exports" aria-labelledby="exports-heading">
        <h2 id="exports-heading">{t.exports.heading}</h2>
        <ul>
          <Download
            href={`/api/studies/${point.studyId}/points/${key}`}
            name={`${point.studyId}-${key}.json`}
            text={t.exports.pointJson}
          />
          <Download
            href={files.trialsCsv}
            name={`${point.studyId}-trials.csv`}
            text={t.exports.trialsCsv}
          />
          <Download
            href={files.curvesCsv}
            name={`${point.studyId}-curves.csv`}
            text={t.exports.curvesCsv}
          />
        </ul>
      </section>
    </>
  );
}

function Download(
  { href, name, text }: {
    readonly href: string;
    readonly name: string;
    readonly text: string;
  },
): JSX.Element {
  return (
    <li>
      <a class="button" href={href} download={name}>
        <Icon name="download" />
        {text}
      </a>
    </li>
  );
}

function Figures({ point }: { readonly point: PointView }): JSX.Element {
  const t = words(trialsWords);
  const { metrics } = words(leaderboardWords);
  const { integer } = formats.value;
  const { row } = point;
  return (
    <section class="strip" aria-labelledby="figures-heading">
      <h2 id="figures-heading" class="hidden">{t.stats.heading}</h2>
      <dl>
        <Stat
          name={t.stats.replicates}
          note={t.stats.of(integer(row.replicatesPlanned))}
        >
          {integer(row.replicatesDone)}
        </Stat>
        {(["testAccuracy", "trainLoss", "trainLossDropoutOff"] as const).map(
          (name) => {
            const { mean, sd } = row.metrics[name];
            return (
              <Stat
                key={name}
                name={metrics[name].name}
                note={sd === null
                  ? ""
                  : t.stats.sd(formatMetric(name, sd, formats.value))}
              >
                {mean === null
                  ? t.none
                  : formatMetric(name, mean, formats.value)}
              </Stat>
            );
          },
        )}
        <Stat
          name={t.stats.checks}
          note={t.stats.of(integer(row.replicatesDone))}
        >
          {row.replicatesDone === 0 ? t.none : integer(row.checksPassed)}
        </Stat>
      </dl>
    </section>
  );
}
