import { StudyDefinition, type TrialSpec } from "../../protocol/study.ts";
import { d2lChecks, type TrialResult } from "../../protocol/training.ts";
import { planStudy } from "../../coordinator/study/plan.ts";
import type { ReferenceStudy } from "./reference_study.ts";
import { normals } from "./simulated_study.ts";

/**
 * A square of `side` x `side` points with results drawn around a smooth surface
 * with a fixed seed, to measure sizes and speeds. The figures are invented and
 * say nothing about dropout.
 */
export function squareStudy(
  side: number,
  replicates: number,
  seed = 1,
): ReferenceStudy {
  const rates = Array.from(
    { length: side },
    (_, i) => Math.round(i / side * 1000) / 1000,
  );
  return drawnStudy({
    id: "grid",
    title: {
      en: `A square of ${side * side} points`,
      zh: `${side * side} 个点`,
    },
    searchSpace: { grid: { dropout1: rates, dropout2: rates } },
    replicates,
  }, seed);
}

/** Any study, given as its JSON, with results of the same kind. */
export function drawnStudy(study: unknown, seed = 1): ReferenceStudy {
  const { definition, trials } = planStudy(StudyDefinition.parse(study));
  const normal = normals(seed);
  const effects = Array.from({ length: definition.replicates }, normal);
  const results = new Map(
    trials.map((trial) => [
      trial.trialId,
      drawResult(trial, effects[trial.replicate] ?? 0, normal),
    ]),
  );
  return { definition, trials, results };
}

function drawResult(
  { recipe }: TrialSpec,
  effect: number,
  normal: () => number,
): TrialResult {
  const { dropout1, dropout2, learningRate } = recipe;
  const noise = () => 0.004 * (0.6 * effect + 0.8 * normal());
  const loss = 0.31 + 0.24 * dropout1 ** 1.6 + 0.11 * dropout2 ** 2 +
    0.05 * Math.abs(Math.log10(learningRate / 0.5)) + noise();
  const accuracy = 0.862 - 0.09 * dropout1 ** 3 - 0.03 * dropout2 ** 4;
  const epochs = Array.from({ length: recipe.epochs }, (_, i) => {
    const left = 1 / (i + 1) - 1 / recipe.epochs;
    return {
      epoch: i + 1,
      trainLoss: loss + 0.8 * left,
      trainAccuracy: 0.995 - 0.36 * loss - 0.3 * left,
      trainLossDropoutOff: 0.3 + 0.1 * dropout1 + 0.7 * left + noise(),
      testLoss: 0.37 + 0.12 * dropout1 ** 2.4 + 0.6 * left + noise(),
      testAccuracy: accuracy - 0.2 * left + noise(),
      seconds: 1,
    };
  });
  const final = epochs.at(-1);
  if (final === undefined) throw new RangeError("the recipe has no epochs");
  return {
    outcome: "trained",
    epochs,
    backend: "simd",
    seconds: recipe.epochs,
    checks: d2lChecks(final),
  };
}
