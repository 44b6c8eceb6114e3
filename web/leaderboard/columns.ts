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

/** The rates come first: a narrow screen shows them and the intervals. */
export function columnsOf(t: LeaderboardWords): {
  readonly rates: readonly Column[];
  readonly metrics: readonly Column[];
  readonly counts: readonly Column[];
} {
  const plain = (
    key: SortKey,
    label: string,
    note: string | null,
    descendingFirst = false,
  ): Column => ({ key, label, note, descendingFirst });
  return {
    rates: [
      plain("dropout1", "dropout1", t.heatmap.dropout1),
      plain("dropout2", "dropout2", t.heatmap.dropout2),
    ],
    metrics: tableMetrics.map((metric) =>
      plain(
        metric,
        t.metrics[metric].short,
        t.metrics[metric].note,
        metric === "trainAccuracy" || metric === "testAccuracy",
      )
    ),
    counts: [
      plain("replicates", t.table.replicates, t.table.replicatesNote, true),
      plain("checks", t.table.checks, t.table.checksNote, true),
    ],
  };
}
