import assert from "node:assert/strict";
import { LOSS_MARGIN } from "../protocol/metrics.ts";
import { leadOfLowest, pytorch } from "./golden/contrasts.ts";
import { referencePoints } from "./golden/reference.ts";

/** What docs/findings.md says of PyTorch's runs, against their figures. */

const { leads, pair } = pytorch;

for (const path of ["docs/findings.md", "docs/findings.zh-CN.md"]) {
  Deno.test(`${path} quotes PyTorch's intervals`, async () => {
    const text =
      (await Deno.readTextFile(new URL(`../${path}`, import.meta.url)))
        .replaceAll(/\s+/g, " ");
    for (
      const { mean, low, high } of [
        ...Object.values(leads),
        ...Object.values(pair),
      ]
    ) {
      const said = `${mean.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}]`;
      assert.ok(text.includes(said), said);
    }
  });
}

Deno.test("findings: PyTorch's lowest rates lead in training loss and not on the test set", () => {
  assert.ok(leads.trainLoss.low > 0);
  for (const { dropout1, dropout2 } of referencePoints) {
    if (Math.max(dropout1, dropout2) <= 0.05) continue;
    const lead = leadOfLowest("trainLoss", [dropout1, dropout2]);
    assert.ok(lead.mean >= leads.trainLoss.mean, `${dropout1},${dropout2}`);
  }
  for (const lead of [leads.testLoss, leads.testAccuracy]) {
    assert.ok(lead.mean < 0 && lead.high > 0);
  }
});

Deno.test("findings: PyTorch's one swapped pair differs, and not surely by the margin", () => {
  const swapped = referencePoints.filter(({ dropout1, dropout2 }) =>
    dropout1 < dropout2 &&
    referencePoints.some((other) =>
      other.dropout1 === dropout2 && other.dropout2 === dropout1
    )
  );
  assert.deepEqual(
    swapped.map(({ dropout1, dropout2 }) => [dropout1, dropout2]),
    [[0.1, 0.3]],
  );
  assert.ok(pair.trainLoss.high < 0 && pair.trainLoss.high > -LOSS_MARGIN);
  assert.ok(pair.testAccuracy.mean < 0 && pair.testAccuracy.high > 0);
});
