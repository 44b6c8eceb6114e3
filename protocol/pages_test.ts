import assert from "node:assert/strict";
import {
  coordinatorOf,
  headerPages,
  itemPages,
  urlAt,
  wayUp,
} from "./pages.ts";

const addresses = [
  ...Object.values(headerPages),
  ...Object.values(itemPages).map(({ address }) => address),
  "/api",
];

Deno.test("wayUp leads from each page to its coordinator, under any path", () => {
  for (const home of ["http://a.test/", "https://a.test/user/ada/proxy/80/"]) {
    for (const address of addresses) {
      const page = urlAt(home, address);
      assert.equal(new URL(wayUp(address), page).href, home, address);
    }
  }
});

Deno.test("urlAt keeps the coordinator's path, and its host", () => {
  for (const coordinator of ["https://a.test/swarm", "https://a.test/swarm/"]) {
    assert.equal(urlAt(coordinator, "/join"), "https://a.test/swarm/join");
    assert.equal(
      urlAt(coordinator, "//b.test"),
      "https://a.test/swarm//b.test",
    );
  }
});

Deno.test("coordinatorOf finds the coordinator from each of its pages", () => {
  for (const home of ["http://a.test", "https://a.test/studies/swarm"]) {
    for (const address of addresses) {
      const page = urlAt(home, address.replaceAll(/:\w+/g, "x-1"));
      for (const tail of ["", "/", "?lang=zh#class-of-26"]) {
        assert.equal(coordinatorOf(new URL(page + tail)), home, page + tail);
      }
    }
  }
});
