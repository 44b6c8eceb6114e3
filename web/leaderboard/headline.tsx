import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Leaderboard } from "../../coordinator/protocol/leaderboard.ts";
import { commonWords } from "../i18n/common_words.ts";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { Icon } from "../ui/icon.tsx";
import { formats, language, words } from "../ui/language.ts";

/** What was trained, and how, in a line. */
export function RecipeLine(
  { leaderboard: { study } }: { readonly leaderboard: Leaderboard },
): JSX.Element {
  const t = words(leaderboardWords);
  const { recipe } = study;
  return (
    <p class="recipe">
      {t.recipe({
        dataset: datasetName(study.dataset),
        layers: recipe.hiddenSizes.join(" + "),
        epochs: recipe.epochs,
        batch: recipe.batchSize,
        rate: formats.value.rate(recipe.learningRate),
        replicates: study.replicates,
      })}
    </p>
  );
}

/** As its makers write it. */
function datasetName(name: string): string {
  return name === "fashion-mnist" ? "Fashion-MNIST" : name;
}

/** Fit to paste into a report, so there is a button for that. */
export function Summary(
  { leaderboard }: { readonly leaderboard: Leaderboard },
): JSX.Element | null {
  const t = words(leaderboardWords);
  const text = leaderboard.summary[language.value];
  const common = words(commonWords);
  const [copied, setCopied] = useState(false);
  // Absent on pages that came over plain HTTP from another machine.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  const copy = async () => {
    try {
      await clipboard.writeText(text);
      setCopied(true);
    } catch {
      setCopied(false);
    }
  };
  if (text === "") return null;
  return (
    <section class="summary" aria-labelledby="summary-heading">
      <h2 id="summary-heading">{t.summary}</h2>
      <p>{text}</p>
      {clipboard !== undefined && (
        <button type="button" class="button is-quiet" onClick={copy}>
          <Icon name={copied ? "check" : "copy"} />
          <span aria-live="polite">{copied ? common.copied : common.copy}</span>
        </button>
      )}
    </section>
  );
}
