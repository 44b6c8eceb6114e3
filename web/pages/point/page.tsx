import {
  axesOf,
  isRatePair,
  trialRecipe,
} from "../../../protocol/grid_point.ts";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Comparison, MetricName } from "../../../protocol/leaderboard.ts";
import type { PointView, TrialCurve } from "../../../protocol/views.ts";
import type { Api } from "../../api.ts";
import { Icon } from "../../components/icon.tsx";
import { ItemNotices, type ItemState } from "../../components/item_page.tsx";
import { TableScroll } from "../../components/tables.tsx";
import { formats, localized, words } from "../../components/language.ts";
import {
  linkTo,
  pointLink,
  studyLink,
  trialLink,
} from "../../components/links.ts";
import { recipeFacts } from "../../components/item_page.tsx";
import { Crumbs, Facts, Nickname, Site, Stat } from "../../components/site.tsx";
import {
  commonWords,
  leaderboardWords,
  trialsWords,
} from "../../i18n/language.ts";
import { decimalsOf, formatMetric, formatP } from "../leaderboard/metrics.ts";
import { pointKey, pointLabel } from "../leaderboard/points.ts";
import { StateTag } from "../trial/page.tsx";
import { PointCurves } from "./curves.tsx";

/** The page of a grid point and its replicates. */
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
        <p class="recipe">{localized(point.title)}</p>
      </div>
      <Figures point={point} />
      <PointCurves point={point} />
      <Replicates point={point} />
      <MetricsTable point={point} />
      {isRatePair(axesOf([params])) && <Swapped point={point} />}
      <section aria-labelledby="recipe-heading">
        <h2 id="recipe-heading">{t.about.recipe}</h2>
        <Facts
          class="facts is-recipe"
          rows={recipeFacts(trialRecipe(point.recipe, params), params)}
        />
      </section>
      <section class="exports" aria-labelledby="exports-heading">
        <h2 id="exports-heading">{t.exports.heading}</h2>
        <ul>
          <Download
            href={linkTo(`/api/studies/${point.studyId}/points/${key}`)}
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

/** Mean, SD and interval of each metric, and the mean of the swapped point. */
export function MetricsTable(
  { point: { row, swapped } }: { readonly point: PointView },
): JSX.Element {
  const t = words(trialsWords).point;
  const { metrics } = words(leaderboardWords);
  return (
    <section aria-labelledby="metrics-heading">
      <h2 id="metrics-heading">{t.metrics}</h2>
      <TableScroll label="#metrics-heading">
        <table class="list">
          <caption class="hidden">
            {t.metricsCaption(pointLabel(row.params))}
          </caption>
          <thead>
            <tr>
              <th scope="col" class="text">{t.metric}</th>
              <th scope="col">{t.mean}</th>
              <th scope="col">{t.sd}</th>
              <th scope="col">{t.interval}</th>
              <th scope="col">{t.n}</th>
              {swapped !== null && (
                <th scope="col">
                  {t.swappedMean(pointLabel(swapped.params))}
                </th>
              )}
            </tr>
          </thead>
          <tbody>
            {MetricName.options.map((name) => {
              const { mean, sd, low, high, n } = row.metrics[name];
              const figure = (value: number | null) =>
                value === null ? "–" : formatMetric(name, value, formats.value);
              return (
                <tr key={name}>
                  <th scope="row" class="text">
                    {metrics[name].name}
                    <span class="detail">{metrics[name].note}</span>
                  </th>
                  <td class="mean">{figure(mean)}</td>
                  <td>{figure(sd)}</td>
                  <td>
                    {low === null || high === null
                      ? (
                        <span class="faint">
                          {mean === null ? "–" : t.noInterval}
                        </span>
                      )
                      : `${figure(low)} … ${figure(high)}`}
                  </td>
                  <td>{n}</td>
                  {swapped !== null && (
                    <td>{figure(swapped.metrics[name].mean)}</td>
                  )}
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableScroll>
    </section>
  );
}

const figures = [
  "trainLoss",
  "trainAccuracy",
  "testAccuracy",
  "testLoss",
] as const;

/** The point's trials, one for each replicate. */
export function Replicates(
  { point }: { readonly point: PointView },
): JSX.Element {
  const t = words(trialsWords);
  const { metrics } = words(leaderboardWords);
  return (
    <section aria-labelledby="replicates-heading">
      <h2 id="replicates-heading">{t.point.replicates}</h2>
      <TableScroll label="#replicates-heading">
        <table class="list">
          <caption class="hidden">
            {t.point.replicatesCaption(pointLabel(point.row.params))}
          </caption>
          <thead>
            <tr>
              <th scope="col" class="text">{t.point.replicate}</th>
              <th scope="col" class="text">{t.list.state}</th>
              <th scope="col" class="text">{t.list.worker}</th>
              <th scope="col" class="text">{t.list.backend}</th>
              {figures.map((name) => (
                <th key={name} scope="col">{metrics[name].short}</th>
              ))}
              <th scope="col">{t.checks.heading}</th>
              <th scope="col">{t.list.time}</th>
            </tr>
          </thead>
          <tbody>
            {point.trials.map((trial) => (
              <Row
                key={trial.trialId}
                trial={trial}
                epochs={point.row.params.epochs ?? point.recipe.epochs}
              />
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  );
}

function Row(
  { trial, epochs }: { readonly trial: TrialCurve; readonly epochs: number },
): JSX.Element {
  const t = words(trialsWords);
  const { fixed, integer, duration } = formats.value;
  // Reports of a running trial are not final, so only the curves show them.
  const final = trial.outcome === "trained" ? trial.epochs.at(-1) : undefined;
  const { checks } = trial;
  return (
    <tr>
      <th scope="row" class="text">
        <a href={trialLink(trial.trialId)}>
          {t.curves.replicate(String(trial.replicate))}
        </a>
      </th>
      <td class="text">
        <StateTag state={trial.state} outcome={trial.outcome} />
        {trial.state === "leased" && (
          <span class="detail">
            {t.list.ofEpochs(integer(trial.epochsDone), integer(epochs))}
          </span>
        )}
      </td>
      <td class="text">
        {trial.workerName === null
          ? t.none
          : <Nickname text={trial.workerName} />}
      </td>
      <td class="text">{trial.backend ?? t.none}</td>
      {figures.map((name) => (
        <td key={name}>
          {final === undefined ? t.none : fixed(final[name], 4)}
        </td>
      ))}
      <td>
        {checks === null ? t.none : t.list.ofEpochs(
          integer(Object.values(checks).filter(Boolean).length),
          integer(Object.values(checks).length),
        )}
      </td>
      <td>{trial.seconds === null ? t.none : duration(trial.seconds)}</td>
    </tr>
  );
}

/** The point with the two rates swapped, and the differences. */
export function Swapped(
  { point }: { readonly point: PointView },
): JSX.Element {
  const t = words(trialsWords).point;
  const { swapped, comparisons, row: { params } } = point;
  return (
    <section aria-labelledby="swapped-heading">
      <h2 id="swapped-heading">{t.swapped}</h2>
      {swapped === null
        ? <p>{params.dropout1 === params.dropout2 ? t.equal : t.noPartner}</p>
        : (
          <>
            <p>
              <a href={pointLink(point.studyId, swapped.params)}>
                {t.swappedIs(pointLabel(swapped.params))}
              </a>
            </p>
            {comparisons.length === 0
              ? <p class="hint">{t.noComparisons}</p>
              : <Comparisons comparisons={comparisons} />}
          </>
        )}
    </section>
  );
}

function Comparisons(
  { comparisons }: { readonly comparisons: readonly Comparison[] },
): JSX.Element {
  const t = words(trialsWords).point;
  const { metrics } = words(leaderboardWords);
  const p = (value: number | null) =>
    value === null ? "–" : formatP(value, formats.value);
  return (
    <>
      <h3 id="compared-heading">{t.comparisons}</h3>
      <TableScroll label="#compared-heading">
        <table class="list">
          <caption class="hidden">{t.comparisons}</caption>
          <thead>
            <tr>
              <th scope="col" class="text">{t.metric}</th>
              <th scope="col" class="text">{t.compared}</th>
              <th scope="col">{t.difference}</th>
              <th scope="col">{t.interval}</th>
              <th scope="col">{t.n}</th>
              <th scope="col">{t.pDifference}</th>
              <th scope="col">{t.pEquivalence}</th>
            </tr>
          </thead>
          <tbody>
            {comparisons.map((one) => {
              const { mean, low, high, n } = one.difference;
              const figure = (value: number | null) =>
                value === null
                  ? "–"
                  : formats.value.signed(value, decimalsOf(one.metric));
              const [first, second] = [one.first, one.second].map((points) =>
                points.map(pointLabel).join(" ")
              );
              return (
                <tr key={JSON.stringify([one.metric, first, second])}>
                  <th scope="row" class="text">{metrics[one.metric].short}</th>
                  <td class="text">{t.less(first ?? "", second ?? "")}</td>
                  <td class="mean">{figure(mean)}</td>
                  <td>
                    {low === null || high === null
                      ? <span class="faint">{t.noInterval}</span>
                      : `${figure(low)} … ${figure(high)}`}
                  </td>
                  <td>{n}</td>
                  <td>{p(one.pDifference)}</td>
                  <td>{p(one.pEquivalence)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </TableScroll>
    </>
  );
}
