import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import { messageOf } from "../../../protocol/error_text.ts";
import type { Leaderboard } from "../../../protocol/leaderboard.ts";
import type { LegendEntry } from "../../components/charts/picture.ts";
import { leaderboardWords } from "../../i18n/language.ts";
import { Icon } from "../../components/icon.tsx";
import { formats, words } from "../../components/language.ts";

interface SavedChart {
  /** Name of the file without its extension. */
  readonly name: string;
  readonly title: string;
  readonly subtitle?: string;
  /** The current chart; null without one. */
  readonly chart: () => SVGSVGElement | null | Promise<SVGSVGElement | null>;
  readonly legend?: () => readonly LegendEntry[];
}

/** Saves a chart of a leaderboard; the file's name begins with the study. */
export function SaveChart(
  { leaderboard, name, ...rest }: SavedChart & {
    readonly leaderboard: Leaderboard;
  },
): JSX.Element {
  const { study, revision, rows, progress } = leaderboard;
  const count = formats.value.integer;
  const source = words(leaderboardWords).save.source(
    study.id,
    count(revision),
    count(rows.length),
    count(progress.completed),
  );
  return <SavePicture {...rest} name={`${study.id}-${name}`} source={source} />;
}

/** Saves a chart as a file of its own. */
export function SavePicture(
  { name, title, subtitle, source, chart, legend }: SavedChart & {
    /** The source of the figures. */
    readonly source: string;
  },
): JSX.Element {
  const t = words(leaderboardWords).save;
  const host = useRef<HTMLDivElement>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const save = async (format: "svg" | "png") => {
    try {
      // Few visitors save charts, so the page loads without this script.
      const { pictureOf, pngOf, saveFile } = await import(
        "../../components/charts/picture.ts"
      );
      const drawn = await chart();
      if (drawn === null || host.current === null) return;
      const picture = pictureOf(drawn, {
        title,
        subtitle: subtitle ?? "",
        source,
        legend: legend?.() ?? [],
      }, host.current);
      saveFile(
        `${name}.${format}`,
        format === "svg"
          ? new Blob([picture.svg], { type: "image/svg+xml" })
          : await pngOf(picture),
      );
      setFailure(null);
    } catch (error) {
      setFailure(messageOf(error));
    }
  };
  return (
    <div class="save" role="group" aria-label={t.label(title)}>
      {(["svg", "png"] as const).map((format) => (
        <button
          key={format}
          type="button"
          class="button is-quiet"
          aria-label={t.as(format.toUpperCase(), title)}
          onClick={() => save(format)}
        >
          <Icon name="download" />
          {format.toUpperCase()}
        </button>
      ))}
      {failure !== null && <p role="alert">{t.failed}: {failure}</p>}
      <div class="picture-host" ref={host} aria-hidden="true" />
    </div>
  );
}
