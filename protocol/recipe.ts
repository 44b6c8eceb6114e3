import * as z from "zod";
import { MOST_EPOCHS } from "./training.ts";
import type { Text } from "./text.ts";

/**
 * Which implementation of the network trains. All compute the same function
 * from the same weights and masks: `scratch` is written from tf ops, `layers`
 * from tf.layers, `fused` with forward and backward written out for speed.
 */
export type NetworkName = "fused" | "scratch" | "layers";
const networkNames = [
  "fused",
  "scratch",
  "layers",
] as const satisfies readonly NetworkName[];

/** Everything that decides a trial's figures, except seed and replicate. */
export interface Recipe {
  /** Rate after the first hidden layer, the one nearer the input. */
  dropout1: number;
  /** Rate after the second hidden layer. */
  dropout2: number;
  /** Step size of plain stochastic gradient descent. */
  learningRate: number;
  /** This times the weights is added to their gradient; biases do not decay. */
  weightDecay: number;
  /** Passes over the training set. */
  epochs: number;
  /** Examples in a step; a short last batch is kept. */
  batchSize: number;
  /** Units of the two hidden layers. */
  hiddenSizes: [number, number];
  /** Which implementation trains. */
  network: NetworkName;
  /** Standard deviation of the initial weights. */
  weightStd: number;
}

/** The name of a recipe field, as it stands in a study's JSON file. */
export type RecipeFieldName = keyof Recipe;

/** All that the product knows about a recipe field. */
export interface RecipeField<T> {
  /** What a study may give. */
  readonly schema: z.ZodType<T>;
  /**
   * The default, frozen for ever: a trial's fingerprint hashes only fields that
   * differ from it, so a new field renames no trial and loses no result.
   */
  readonly neutral: T;
  /** How its values are written and drawn: on a scale, or side by side. */
  readonly kind: "number" | "name" | "list";
  /** Names it in trial ids and addresses; lower-case letters and digits. */
  readonly code: string;
  /** Whether a study's grid points may vary it. */
  readonly axis: boolean;
  readonly label: Text;
  /** For headings of tables. */
  readonly short: Text;
  readonly unit: Text | null;
  /** One sentence for the documentation. */
  readonly meaning: Text;
}

const rate = z.number().min(0).max(1);

/** Every recipe field, in the order in which people see them. */
export const recipeFields: {
  readonly [K in RecipeFieldName]: RecipeField<Recipe[K]>;
} = {
  dropout1: {
    schema: rate,
    neutral: 0,
    kind: "number",
    code: "d1",
    axis: true,
    label: { en: "dropout 1", zh: "暂退概率 1" },
    short: { en: "dropout 1", zh: "暂退 1" },
    unit: null,
    meaning: {
      en: "dropout rate after the first hidden layer, the one nearer the input",
      zh: "第一个隐藏层（靠近输入）之后的暂退概率",
    },
  },
  dropout2: {
    schema: rate,
    neutral: 0,
    kind: "number",
    code: "d2",
    axis: true,
    label: { en: "dropout 2", zh: "暂退概率 2" },
    short: { en: "dropout 2", zh: "暂退 2" },
    unit: null,
    meaning: {
      en: "dropout rate after the second hidden layer",
      zh: "第二个隐藏层之后的暂退概率",
    },
  },
  learningRate: {
    schema: z.number().positive().max(100),
    neutral: 0.5,
    kind: "number",
    code: "lr",
    axis: true,
    label: { en: "learning rate", zh: "学习率" },
    short: { en: "learning rate", zh: "学习率" },
    unit: null,
    meaning: {
      en: "step size of plain stochastic gradient descent",
      zh: "普通随机梯度下降的步长",
    },
  },
  weightDecay: {
    schema: z.number().min(0).max(10),
    neutral: 0,
    kind: "number",
    code: "wd",
    axis: true,
    label: { en: "weight decay", zh: "权重衰减" },
    short: { en: "weight decay", zh: "权重衰减" },
    unit: null,
    meaning: {
      en: "factor of the weights, not of the biases, that their gradient gains",
      zh: "梯度更新时加到权重（不含偏置）梯度上的权重的倍数",
    },
  },
  epochs: {
    schema: z.int().min(1).max(MOST_EPOCHS),
    neutral: 10,
    kind: "number",
    code: "e",
    axis: true,
    label: { en: "epochs", zh: "轮数" },
    short: { en: "epochs", zh: "轮数" },
    unit: null,
    meaning: {
      en: "passes over the training set",
      zh: "遍历训练集的次数",
    },
  },
  batchSize: {
    schema: z.int().min(1).max(65_536),
    neutral: 256,
    kind: "number",
    code: "b",
    axis: true,
    label: { en: "batch size", zh: "批量大小" },
    short: { en: "batch", zh: "批量" },
    unit: { en: "examples", zh: "个样本" },
    meaning: {
      en: "examples in a step; a short last batch is kept",
      zh: "每步的样本数；最后不足一批的样本也用于训练",
    },
  },
  hiddenSizes: {
    schema: z.tuple([
      z.int().min(1).max(4096),
      z.int().min(1).max(4096),
    ]),
    neutral: [256, 256],
    kind: "list",
    code: "h",
    axis: true,
    label: { en: "hidden sizes", zh: "隐藏层大小" },
    short: { en: "hidden", zh: "隐藏层" },
    unit: { en: "units", zh: "个单元" },
    meaning: {
      en: "units of the two hidden layers",
      zh: "两个隐藏层的单元数",
    },
  },
  network: {
    schema: z.enum(networkNames),
    neutral: "fused",
    kind: "name",
    code: "net",
    axis: true,
    label: { en: "network", zh: "网络实现" },
    short: { en: "network", zh: "网络" },
    unit: null,
    meaning: {
      en: "which implementation trains: fused, scratch or layers",
      zh: "用哪种实现训练：fused、scratch 或 layers",
    },
  },
  weightStd: {
    schema: z.number().positive().max(10),
    neutral: 0.01,
    kind: "number",
    code: "s",
    axis: true,
    label: { en: "initial weights' standard deviation", zh: "初始权重标准差" },
    short: { en: "weight sd", zh: "权重标准差" },
    unit: null,
    meaning: {
      en: "standard deviation of the initial weights, drawn from a normal " +
        "distribution around 0",
      zh: "初始权重的标准差；权重取自均值为 0 的正态分布",
    },
  },
};

/** The names of all recipe fields, in the table's order. */
export const recipeFieldNames: readonly RecipeFieldName[] = Object.keys(
  recipeFields,
) as RecipeFieldName[];

/** Each field's schema, by name. */
type FieldSchemas = {
  [K in RecipeFieldName]: z.ZodType<Recipe[K]>;
};

/** Makes a schema for each field of the table; null leaves it out. */
function shapeOf<Shape>(
  make: (field: RecipeField<Recipe[RecipeFieldName]>) => z.ZodType | null,
): Shape {
  const shape: Record<string, z.ZodType> = {};
  for (const [name, field] of Object.entries(recipeFields)) {
    const schema = make(field);
    if (schema !== null) shape[name] = schema;
  }
  return shape as Shape;
}

/** @internal Fields left out take their neutral values. */
export const Recipe = z.strictObject(
  shapeOf<{ [K in RecipeFieldName]: z.ZodDefault<FieldSchemas[K]> }>(
    ({ schema, neutral }) => schema.default(neutral),
  ),
);

/** A grid point: the recipe fields that a study varies, with their values. */
export type Params = { [K in keyof Recipe]?: Recipe[K] | undefined };

/** @internal */
export const Params = z.strictObject(
  shapeOf<{ [K in RecipeFieldName]: z.ZodOptional<FieldSchemas[K]> }>(
    ({ schema, axis }) => axis ? schema.optional() : null,
  ),
).refine(
  (point) => Object.keys(point).length > 0,
  "a grid point names at least one recipe field",
);

/** Values by axis; a study trains every combination of them. */
export type Grid = { [K in RecipeFieldName]?: Recipe[K][] | undefined };

/** @internal */
export const Grid = z.strictObject(
  shapeOf<
    { [K in RecipeFieldName]: z.ZodOptional<z.ZodArray<FieldSchemas[K]>> }
  >(
    ({ schema, axis }) =>
      axis ? z.array(schema).min(1).max(100).optional() : null,
  ),
).refine(
  (grid) => Object.keys(grid).length > 0,
  "a grid names at least one recipe field",
);
