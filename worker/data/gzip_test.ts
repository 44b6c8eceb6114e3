import assert from "node:assert/strict";
import { sha256Hex, sha256Slowly } from "./gzip.ts";

// FIPS 180-4, the examples of SHA-256.
const known = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
] as const;

Deno.test("sha256Hex and sha256Slowly give the published hashes", async () => {
  for (const [text, sum] of known) {
    const bytes = new TextEncoder().encode(text);
    assert.equal(await sha256Hex(bytes), sum);
    assert.equal((await sha256Slowly(bytes)).toHex(), sum);
  }
});

Deno.test("sha256Slowly agrees with sha256Hex for more than one chunk", async () => {
  const bytes = new Uint8Array((1 << 20) + 77).map((_, i) => i * 31);
  assert.equal((await sha256Slowly(bytes)).toHex(), await sha256Hex(bytes));
});
