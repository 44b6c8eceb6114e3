import type { LeaderboardWords } from "../i18n/leaderboard_words.ts";
import { tableMetrics } from "./metrics.ts";
import type { SortKey } from "./view_state.ts";

/** A column of the table that it can be sorted by. */
export interface Column {
  readonly key: SortKey;
  readonly label: string;
  readonly note: string | null;
  /** A first click sorts the better ones up. */
  readonly descendingFirst: boolean;
}

/** The columns before and after the metrics stand apart: not metrics. */
export function columnsOf(t: LeaderboardWords): {
  readonly before: readonly Column[];
  readonly metrics: readonly Column[];
  readonly after: readonly Column[];
} {
  const plain = (
    key: SortKey,
    label: string,
    note: string | null,
    descendingFirst = false,
  ): Column => ({ key, label, note, descendingFirst });
  return {
    before: [
      plain("dropout1", "dropout1", t.heatmap.dropout1),
      plain("dropout2", "dropout2", t.heatmap.dropout2),
      plain("replicates", t.table.replicates, t.table.replicatesNote, true),
    ],
    metrics: tableMetrics.map((metric) =>
      plain(
        metric,
        t.metrics[metric].short,
        t.metrics[metric].note,
        metric === "trainAccuracy" || metric === "testAccuracy",
      )
    ),
    after: [plain("checks", t.table.checks, t.table.checksNote, true)],
  };
}
