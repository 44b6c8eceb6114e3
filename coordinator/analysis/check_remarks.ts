import type { Estimate, SeedRemark } from "../protocol/leaderboard.ts";
import type { StudyDefinition } from "../protocol/study.ts";
import { ACCURACY_MARGIN, LOSS_MARGIN } from "./claims.ts";
import { tQuantile } from "./distributions.ts";
import { compare } from "./evidence.ts";
import {
  type CheckedRemark,
  type Remark,
  remarks,
  trainsAsTheLesson,
} from "./remarks.ts";
import {
  ALPHA,
  estimate,
  moments,
  oneSided,
  outside,
  round6,
} from "./statistics.ts";
import {
  diverged,
  paired,
  type PointData,
  pointKey,
  valuesOf,
} from "./study_data.ts";
import { remarkWords } from "./words/remark_words.ts";

type Agreement = SeedRemark["agreement"];

function agreementOf(agrees: number, disagrees: number): Agreement {
  if (agrees <= ALPHA) return "agrees";
  return disagrees <= ALPHA ? "disagrees" : "open";
}

/** 95% prediction interval of one more run, widened for rounding. */
function expectedRun(values: readonly number[], decimals: number) {
  const { n, mean, sd } = moments(values);
  if (n < 2) return null;
  const half = tQuantile(1 - ALPHA / 2, n - 1) * sd * Math.sqrt(1 + 1 / n) +
    0.5 * 10 ** -decimals;
  return { low: round6(mean - half), high: round6(mean + half) };
}

interface Checked {
  readonly measured: Estimate;
  readonly expected: SeedRemark["expected"];
  readonly agreement: Agreement;
}

function checkOwn(
  remark: Exclude<Remark, { readonly against: unknown }>,
  point: PointData,
): Checked {
  // A diverged replicate has no figure; a mean over the others hides it.
  const values = diverged(point)
    ? []
    : valuesOf(point, remark.metric).filter((value) => !Number.isNaN(value));
  switch (remark.kind) {
    case "value": {
      const expected = expectedRun(values, remark.decimals);
      const inside = expected !== null && remark.reported >= expected.low &&
        remark.reported <= expected.high;
      return {
        measured: estimate(values),
        expected,
        agreement: expected === null ? "open" : inside ? "agrees" : "disagrees",
      };
    }
    case "below": {
      const { below, above } = oneSided(values, remark.reported);
      return {
        measured: estimate(values),
        expected: null,
        agreement: agreementOf(2 * below, 2 * above),
      };
    }
    case "fails-check": {
      const done = point.cells.map(({ figures }) => figures)
        .filter((figures) => figures !== null);
      const fails = done.filter(({ passedLossCheck }) => !passedLossCheck);
      const [n, k] = [done.length, fails.length];
      return {
        measured: {
          n,
          mean: n === 0 ? null : round6(k / n),
          sd: null,
          low: null,
          high: null,
        },
        expected: null,
        agreement: n < 2 || (k > 0 && k < n)
          ? "open"
          : k === n
          ? "agrees"
          : "disagrees",
      };
    }
    default:
      return remark satisfies never;
  }
}

function checkAgainst(
  remark: Extract<Remark, { readonly against: unknown }>,
  point: PointData,
  other: PointData,
): Checked {
  const margin = remark.metric === "testAccuracy"
    ? ACCURACY_MARGIN
    : LOSS_MARGIN;
  const comparison = compare(remark.metric, [point], [other], margin);
  const differences = paired(
    valuesOf(point, remark.metric),
    valuesOf(other, remark.metric),
  );
  const { above, below } = oneSided(differences, 0);
  const agreement = {
    higher: agreementOf(2 * above, 2 * below),
    lower: agreementOf(2 * below, 2 * above),
    same: agreementOf(
      comparison.pEquivalence ?? 1,
      outside(differences, margin),
    ),
  }[remark.kind];
  return { measured: comparison.difference, expected: null, agreement };
}

function idOf(remark: Remark): string {
  const { params, metric } = remark;
  const own = `${metric}-${params.dropout1}-${params.dropout2}`;
  switch (remark.kind) {
    case "value":
    case "below":
    case "fails-check":
      return `${remark.kind}-${own}`;
    case "higher":
    case "lower":
    case "same": {
      const { dropout1, dropout2 } = remark.against;
      return `${remark.kind}-${own}-than-${dropout1}-${dropout2}`;
    }
    default:
      return remark satisfies never;
  }
}

/**
 * Sets what the lesson reports beside what the study measured. Each remark is
 * checked on its own at 5%: these are descriptions, not verdicts, and nothing
 * is adjusted for their number. Empty where the study trains otherwise than
 * the lesson did.
 */
export function checkRemarks(
  definition: StudyDefinition,
  points: readonly PointData[],
): SeedRemark[] {
  if (!trainsAsTheLesson(definition)) return [];
  const byKey = new Map(points.map((point) => [pointKey(point.params), point]));
  return remarks.flatMap((remark): SeedRemark[] => {
    const point = byKey.get(pointKey(remark.params));
    if (point === undefined) return [];
    let checked: Checked;
    if ("against" in remark) {
      const other = byKey.get(pointKey(remark.against));
      if (other === undefined) return [];
      checked = checkAgainst(remark, point, other);
    } else {
      checked = checkOwn(remark, point);
    }
    const figures: CheckedRemark = {
      id: idOf(remark),
      params: remark.params,
      against: "against" in remark ? remark.against : null,
      metric: remark.metric,
      reported: "reported" in remark ? remark.reported : null,
      ...checked,
    };
    return [{ ...figures, ...remarkWords(remark, figures) }];
  });
}
