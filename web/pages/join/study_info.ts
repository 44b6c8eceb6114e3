import { type ReadonlySignal, signal } from "@preact/signals";
import type { Recipe } from "../../../protocol/recipe.ts";
import type { StudyDetail } from "../../../protocol/views.ts";
import { type Api, OutdatedPageError } from "../../api.ts";

/** The active study, for the join page. */
export interface StudyInfo {
  /** Null before the first answer and while no study is active. */
  readonly study: ReadonlySignal<StudyDetail | null>;
  /** The page cannot read the coordinator's answers and must be reloaded. */
  readonly outdated: ReadonlySignal<boolean>;
  /** Whether the coordinator has answered. */
  readonly known: ReadonlySignal<boolean>;
  /** Throws if the coordinator does not answer. */
  refresh(): Promise<void>;
}

export function createStudyInfo(
  api: Pick<Api, "studies" | "study">,
): StudyInfo {
  const study = signal<StudyDetail | null>(null);
  const outdated = signal(false);
  const known = signal(false);
  return {
    study,
    outdated,
    known,
    refresh: async () => {
      try {
        const { studies } = await api.studies();
        const active = studies.find((one) => one.active);
        study.value = active === undefined ? null : await api.study(active.id);
        known.value = true;
      } catch (error) {
        if (!(error instanceof OutdatedPageError)) throw error;
        outdated.value = true;
      }
    },
  };
}

/** Bytes before the pixels and before the labels in IDX files. */
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;

/**
 * Bytes of a result: weights and biases of the study's largest network, as
 * float32.
 */
export function uploadBytes(
  study: Pick<StudyDetail, "dataset" | "definition"> | null,
): number | null {
  if (study === null || study.dataset === null) return null;
  const { files, classes } = study.dataset;
  const pixels = (files.testImages.bytes - IMAGES_HEADER) /
    (files.testLabels.bytes - LABELS_HEADER);
  return Math.max(
    ...hiddenSizesOf(study.definition).map(([first, second]) =>
      4 * ((pixels + 1) * first + (first + 1) * second + (second + 1) * classes)
    ),
  );
}

/** Hidden sizes of the grid points. */
function hiddenSizesOf(
  { searchSpace, recipe }: StudyDetail["definition"],
): readonly Recipe["hiddenSizes"][] {
  return "grid" in searchSpace
    ? searchSpace.grid.hiddenSizes ?? [recipe.hiddenSizes]
    : searchSpace.points.map((point) =>
      point.hiddenSizes ?? recipe.hiddenSizes
    );
}

/** Bytes of a study's compressed data set. */
export function downloadBytes(study: StudyDetail | null): number | null {
  if (study === null || study.dataset === null) return null;
  return Object.values(study.dataset.files)
    .reduce((sum, file) => sum + file.compressedBytes, 0);
}
