import assert from "node:assert/strict";
import {
  Leaderboard,
  type Verdict,
  type VerdictName,
} from "../../../protocol/leaderboard.ts";
import {
  noPointsLeaderboard,
  seedLeaderboard,
} from "../../../tests/browser/fixture_leaderboard.ts";
import { answerWords } from "../../i18n/language.ts";
import { createFormats } from "../../i18n/format.ts";
import { answersOf } from "./answers.tsx";

const { en, zh } = answerWords;
const lists = { en: createFormats("en").list, zh: createFormats("zh").list };

/** The seed study's verdicts, with some of them replaced by `names`. */
function verdicts(names: Readonly<Record<string, VerdictName>>): Verdict[] {
  return seedLeaderboard("complete").verdicts
    .filter(({ claimId }) => claimId in names)
    .map((one) => ({ ...one, verdict: names[one.claimId] ?? one.verdict }));
}

const texts = (all: readonly Verdict[]) =>
  answersOf(all, en, lists.en).map(({ text }) => text);

Deno.test("answersOf gives the sample's answers in both languages", async () => {
  const sample = Leaderboard.parse(JSON.parse(
    await Deno.readTextFile(
      new URL("../../../docs/samples/seed.json", import.meta.url),
    ),
  ));
  assert.deepEqual(
    answersOf(sample.verdicts, en, lists.en).map((
      { settled, text },
    ) => [settled, text]),
    [
      [true, "Rates that are too high keep the training loss high."],
      [false, "It is open whether the lowest rates train best."],
      [
        true,
        "The order of the two rates matters: swapping them changes training " +
        "loss; judged by test accuracy, this is open.",
      ],
      [
        true,
        "The lower rate belongs nearer the input, judged by training loss; " +
        "judged by test accuracy, this is open.",
      ],
    ],
  );
  assert.deepEqual(
    answersOf(sample.verdicts, zh, lists.zh).map(({ text }) => text),
    [
      "暂退概率过高会使训练损失居高不下。",
      "概率最低时训练效果是否最好，尚无定论。",
      "两层概率的顺序有影响：交换会改变训练损失；按测试准确率尚无定论。",
      "按训练损失，较低的概率应放在靠近输入的一层；按测试准确率尚无定论。",
    ],
  );
});

Deno.test("answersOf names the metrics if their verdicts differ", () => {
  assert.deepEqual(
    texts(verdicts({
      "lowest-train-loss": "supported",
      "lowest-train-loss-dropout-off": "supported",
      "lowest-test-loss": "contradicted",
      "lowest-test-accuracy": "not-enough-evidence",
    })),
    [
      "The lowest rates train best, judged by training loss and training " +
      "loss with dropout off; judged by test loss, this does not hold; " +
      "judged by test accuracy, this is open.",
    ],
  );
  assert.deepEqual(
    texts(verdicts({
      "swap-train-loss": "supported",
      "swap-test-accuracy": "contradicted",
    })),
    [
      "The order of the two rates matters: swapping them changes test " +
      "accuracy; it makes no difference that matters to training loss.",
    ],
  );
});

Deno.test("answersOf names no metric if all agree, except for swapping", () => {
  assert.deepEqual(
    texts(verdicts({
      "order-train-loss": "contradicted",
      "order-test-accuracy": "contradicted",
      "swap-train-loss": "supported",
      "swap-test-accuracy": "supported",
    })),
    [
      "Swapping the two rates makes no difference that matters to training " +
      "loss and test accuracy.",
      "The higher rate belongs nearer the input.",
    ],
  );
});

Deno.test("answersOf uses every claim of a study", () => {
  const { verdicts: all } = seedLeaderboard("complete");
  for (const { claimId } of all) {
    // The combined claim repeats its parts.
    if (claimId === "swap") continue;
    const answers = texts(all.filter((one) => one.claimId === claimId));
    assert.equal(answers.length, 1, claimId);
  }
  assert.deepEqual(texts(noPointsLeaderboard().verdicts), []);
});
