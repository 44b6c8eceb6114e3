import assert from "node:assert/strict";
import { describeDevice } from "./device.ts";

const agents = [
  [
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36",
    "Android, Chrome 126",
  ],
  [
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "iPhone, Safari 17",
  ],
  [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
    "Windows, Edge 126",
  ],
  [
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Linux, Firefox 127",
  ],
  ["curl/8", "unknown system"],
] as const;

Deno.test("describeDevice names system and browser of common agents", () => {
  for (const [userAgent, words] of agents) {
    assert.equal(describeDevice({ userAgent }), words);
  }
});

Deno.test("describeDevice prefers the platform that the browser states", () => {
  assert.equal(
    describeDevice({
      userAgent: agents[0][0],
      userAgentData: { platform: "Chrome OS" },
    }),
    "Chrome OS, Chrome 126",
  );
});
