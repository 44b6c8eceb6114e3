import { type ReadonlySignal, signal } from "@preact/signals";
import type { Recipe } from "../../../protocol/recipe.ts";
import type { StudyDetail } from "../../../protocol/views.ts";
import { type Api, OutdatedPageError } from "../../api.ts";

/** The study that the coordinator leases out now, as the join page shows it. */
export interface StudyInfo {
  /** Null before the first answer, and while no study runs. */
  readonly study: ReadonlySignal<StudyDetail | null>;
  /** The coordinator's answers are not understood: reload. */
  readonly outdated: ReadonlySignal<boolean>;
  /** Whether there was an answer at all. */
  readonly known: ReadonlySignal<boolean>;
  /** Throws where the coordinator does not answer. */
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

/** What stands before the pixels of an IDX file, and before the labels. */
const IMAGES_HEADER = 16;
const LABELS_HEADER = 8;

/**
 * Bytes that a trial's result brings along: weights and biases of the study's
 * largest network, as float32.
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

/** Of every grid point. */
function hiddenSizesOf(
  { searchSpace, recipe }: StudyDetail["definition"],
): readonly Recipe["hiddenSizes"][] {
  return "grid" in searchSpace
    ? searchSpace.grid.hiddenSizes ?? [recipe.hiddenSizes]
    : searchSpace.points.map((point) =>
      point.hiddenSizes ?? recipe.hiddenSizes
    );
}

/** Bytes of a study's data set as it is downloaded. */
export function downloadBytes(study: StudyDetail | null): number | null {
  if (study === null || study.dataset === null) return null;
  return Object.values(study.dataset.files)
    .reduce((sum, file) => sum + file.compressedBytes, 0);
}
