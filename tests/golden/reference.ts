import { z } from "zod";
import { recipeFields } from "../../protocol/recipe.ts";
import reference from "./pytorch_reference.json" with { type: "json" };
import weightDecayTrials from "./pytorch_weight_decay_trials.json" with {
  type: "json",
};

const Spread = z.strictObject({ mean: z.number(), sd: z.number() });

/** A grid point as PyTorch trained it: `source` and `recipe` in the file. */
const ReferencePoint = z.strictObject({
  dropout1: recipeFields.dropout1.schema,
  dropout2: recipeFields.dropout2.schema,
  weightDecay: recipeFields.weightDecay.schema.default(0),
  replicates: z.int().positive(),
  /** After ten epochs, over the replicates. */
  final: z.strictObject({
    trainLoss: Spread,
    trainAccuracy: Spread,
    testAccuracy: Spread,
    testLoss: Spread,
  }),
  /** Mean over the replicates; index 0 is epoch 1. */
  trainLossByEpoch: z.array(z.number()).length(10),
});
export type ReferencePoint = z.infer<typeof ReferencePoint>;

/**
 * The lesson's nine points and no dropout at all, as PyTorch 1.13.1 trained
 * them, five repeats each.
 */
export const referencePoints: readonly ReferencePoint[] = z.array(
  ReferencePoint,
).parse(reference.points);

/** The seed study's baseline with weight decay, by the same PyTorch. */
export const weightDecayPoints: readonly ReferencePoint[] = z.array(
  ReferencePoint,
).parse(weightDecayTrials.points);

/** How far a mean over three replicates may lie from PyTorch's mean. */
export const TOLERANCE = { trainLoss: 0.02, testAccuracy: 0.02 } as const;
