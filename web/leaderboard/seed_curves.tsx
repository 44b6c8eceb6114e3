import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import type {
  Leaderboard,
  LeaderboardRow,
} from "../../coordinator/protocol/leaderboard.ts";
import { LineChart, type Series } from "../charts/line_chart.tsx";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { formats, words } from "../ui/language.ts";
import { CurvesTable } from "./curves_table.tsx";
import { SaveChart } from "./save_chart.tsx";
import { curveNames } from "./view_state.ts";

/** Of d2l's plots: what lies outside is cut off. */
const domain = [0.3, 0.9] as const;

/** The colours that d2l gives the three: blue, purple, green. */
const colours = { trainLoss: 0, trainAccuracy: 3, testAccuracy: 2 } as const;

/** A plot a chosen point, with the three metrics on d2l's axes. */
export function SeedCurves(
  { leaderboard, series, rows, epochs, at, onPoint }: {
    readonly leaderboard: Leaderboard;
    /** The chosen points: their keys and labels. */
    readonly series: readonly Series[];
    readonly rows: ReadonlyMap<string, LeaderboardRow>;
    readonly epochs: number;
    readonly at: number | null;
    readonly onPoint: (epoch: number | null) => void;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const shown = series.filter(({ values }) => values.length > 0);
  if (shown.length === 0) {
    return (
      <p class="faint">
        {series.length === 0 ? t.curves.choose : t.curves.noneYet}
      </p>
    );
  }
  return (
    <>
      <ul class="key seed-key">
        {curveNames.map((name) => (
          <li key={name} class={`series-${colours[name]}`}>
            <svg class="stroke" viewBox="0 0 28 8" aria-hidden="true">
              <path class="line" d="M1 4h26" />
            </svg>
            {t.metrics[name].short}
          </li>
        ))}
      </ul>
      <div class="seed-plots">
        {shown.map(({ key, label }) => (
          <SeedPlot
            key={key}
            leaderboard={leaderboard}
            row={rows.get(key)}
            label={label}
            epochs={epochs}
            at={at}
            onPoint={onPoint}
          />
        ))}
      </div>
      <p class="hint">{t.curves.axesNote}</p>
    </>
  );
}

function SeedPlot(
  { leaderboard, row, label, epochs, at, onPoint }: {
    readonly leaderboard: Leaderboard;
    readonly row: LeaderboardRow | undefined;
    readonly label: string;
    readonly epochs: number;
    readonly at: number | null;
    readonly onPoint: (epoch: number | null) => void;
  },
): JSX.Element {
  const t = words(leaderboardWords);
  const frame = useRef<HTMLDivElement>(null);
  const lines = curveNames.map((name): Series => ({
    key: name,
    label: t.metrics[name].short,
    colour: colours[name],
    values: row?.curves[name] ?? [],
  }));
  const title = t.curves.seedChart(label);
  return (
    <figure ref={frame}>
      <figcaption>{label}</figcaption>
      <LineChart
        series={lines}
        label={title}
        xLabel={t.curves.epoch}
        epochs={epochs}
        format={formats.value.fixed}
        at={at}
        onPoint={onPoint}
        height={220}
        domain={domain}
      />
      <SaveChart
        leaderboard={leaderboard}
        name={`seed-axes-${row?.params.dropout1}-${row?.params.dropout2}`}
        title={title}
        chart={() => frame.current?.querySelector(".chart > svg") ?? null}
        legend={() =>
          lines.map((line) => ({
            label: line.label,
            className: `series-${line.colour}`,
          }))}
      />
      <CurvesTable series={lines} epochs={epochs} caption={title} />
    </figure>
  );
}
