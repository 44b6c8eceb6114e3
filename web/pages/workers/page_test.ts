import assert from "node:assert/strict";
import { defaultView, parseView, writeView } from "./page.tsx";

Deno.test("parseView reads what writeView wrote and ignores other parameters", () => {
  const view = { show: "online", order: "seen", page: 3 } as const;
  const query = new URLSearchParams("lang=zh");
  writeView(view, query);
  assert.equal(query.get("lang"), "zh");
  assert.deepEqual(parseView(query), view);
  writeView(defaultView, query);
  assert.equal(query.toString(), "lang=zh");
});

Deno.test("parseView uses defaults for invalid values", () => {
  for (const page of ["0", "-1", "1.5", "x", "1e99"]) {
    const query = new URLSearchParams({ show: "none", order: "?", page });
    assert.deepEqual(parseView(query), defaultView);
  }
});
