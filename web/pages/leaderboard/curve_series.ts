import type { LeaderboardRow } from "../../../protocol/leaderboard.ts";
import type { Series } from "../../components/charts/line_chart.tsx";
import type { BandName, CurveName } from "./view_state.ts";

/** The curve of a point and a metric, with its band. */
export function curveSeries(
  row: LeaderboardRow | undefined,
  curve: CurveName,
  band: BandName,
  line: Pick<Series, "key" | "label" | "colour">,
): Series {
  const values = row?.curves[curve] ?? [];
  const sds = row?.curveSds[curve] ?? [];
  const factor = row === undefined ? null : bandFactor(row, band);
  if (factor === null) return { ...line, values };
  return {
    ...line,
    values,
    band: values.map((value, i) => {
      const sd = sds[i];
      if (sd === undefined) return null;
      // A loss cannot be below 0, an accuracy not above 1.
      const most = curve === "trainLoss" ? Infinity : 1;
      return [
        Math.max(value - factor * sd, 0),
        Math.min(value + factor * sd, most),
      ] as const;
    }),
  };
}

/**
 * Distance of the band's ends from the mean in standard deviations; null
 * without a band. For the 95% interval it is t / sqrt(n), computed from the
 * final metric with the largest standard deviation, because that gives the most
 * digits.
 */
export function bandFactor(
  { metrics }: LeaderboardRow,
  band: BandName,
): number | null {
  switch (band) {
    case "none":
      return null;
    case "sd":
      return 1;
    case "ci": {
      const { trainLoss, testLoss, testAccuracy } = metrics;
      let widest: { readonly sd: number; readonly half: number } | null = null;
      for (const { mean, sd, high } of [trainLoss, testLoss, testAccuracy]) {
        if (mean === null || high === null || sd === null || sd === 0) continue;
        if (widest === null || sd > widest.sd) {
          widest = { sd, half: high - mean };
        }
      }
      return widest === null ? null : widest.half / widest.sd;
    }
    default:
      return band satisfies never;
  }
}
