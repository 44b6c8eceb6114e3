import type { DatasetManifest, Recipe } from "../protocol/study.ts";

/** Bytes of an IDX file before its elements. */
const IMAGE_HEADER = 16;
const LABEL_HEADER = 8;

/** Size of the test set. */
export function testExamples(
  { files }: Pick<DatasetManifest, "files">,
): number {
  return files.testLabels.bytes - LABEL_HEADER;
}

/** Units from the pixels to the classes of the network that a recipe trains. */
export function networkSizes(
  { hiddenSizes }: Pick<Recipe, "hiddenSizes">,
  { classes, files }: DatasetManifest,
): readonly [number, number, number, number] {
  const images = testExamples({ files });
  const pixels = (files.testImages.bytes - IMAGE_HEADER) / images;
  return [pixels, ...hiddenSizes, classes];
}

/** Bytes of such a network's weights and biases as float32. */
export function weightsBytes(
  recipe: Pick<Recipe, "hiddenSizes">,
  dataset: DatasetManifest,
): number {
  const [pixels, first, second, classes] = networkSizes(recipe, dataset);
  return 4 *
    ((pixels + 1) * first + (first + 1) * second + (second + 1) * classes);
}
