import assert from "node:assert/strict";
import { itemPages } from "../../protocol/pages.ts";
import { basePathOf, joinCodeOf, readAddress } from "./links.ts";

Deno.test("basePathOf reads the coordinator's path from a page's head", () => {
  assert.equal(basePathOf("./", "https://a.test/"), "");
  assert.equal(basePathOf("./", "https://a.test/swarm/join?lang=zh"), "/swarm");
  assert.equal(
    basePathOf("../../../", "https://a.test/a/b/studies/seed/points/x#y"),
    "/a/b",
  );
  assert.equal(basePathOf("../", "https://a.test//b.test/trials/x"), "/b.test");
  assert.equal(basePathOf("./", "https://a.test//join"), "");
  // A report has no coordinator.
  assert.equal(basePathOf(undefined, "file:///home/ada/seed.html"), "");
});

Deno.test("readAddress reads the value of each name", () => {
  const { address } = itemPages.point;
  assert.deepEqual(readAddress(address, "/studies/seed/points/d1_0.2-d2_0.5"), {
    studyId: "seed",
    point: "d1_0.2-d2_0.5",
  });
  assert.deepEqual(
    readAddress(address, "/studies/seed/points/d1_0.2%2Dd2_0.5"),
    {
      studyId: "seed",
      point: "d1_0.2-d2_0.5",
    },
  );
});

Deno.test("readAddress returns null for another page or invalid encoding", () => {
  const { address } = itemPages.trial;
  for (const path of ["/", "/trials", "/trials/a/b", "/tests/a", "/trials/%"]) {
    assert.equal(readAddress(address, path), null, path);
  }
});

Deno.test("joinCodeOf reads only the code of an invitation", () => {
  assert.equal(joinCodeOf("#class-of-26"), "class-of-26");
  for (const hash of ["", "#", "#content", "#a b c d e f", "#<script>alert"]) {
    assert.equal(joinCodeOf(hash), null);
  }
});
