import assert from "node:assert/strict";
import { uuid, workerId } from "../../testing/lease/fixtures.ts";
import {
  formatToken,
  hashSecret,
  parseAuthorization,
  secretFits,
  workerIdOf,
} from "./token.ts";

const secret = "0123456789abcdef".repeat(4);

Deno.test("parseAuthorization: reads what formatToken wrote", () => {
  const token = { workerId: workerId(1), secret };
  assert.deepEqual(parseAuthorization(`Bearer ${formatToken(token)}`), token);
  assert.deepEqual(parseAuthorization(`bearer ${formatToken(token)}`), token);
});

Deno.test("parseAuthorization: null for invalid tokens", () => {
  const good = `${uuid(1)}.${secret}`;
  for (
    const header of [
      undefined,
      "",
      "Bearer",
      "Bearer ",
      `Basic ${good}`,
      good,
      `Bearer ${good} more`,
      `Bearer  ${good}`,
      `Bearer ${good}.`,
      `Bearer ${uuid(1)}`,
      `Bearer ${uuid(1)}.${secret.slice(1)}`,
      `Bearer ${uuid(1)}.${secret.toUpperCase()}`,
      `Bearer not-an-id.${secret}`,
    ]
  ) assert.equal(parseAuthorization(header), null, String(header));
});

Deno.test("workerIdOf: one id for each secret, from which no hash of it follows", () => {
  assert.equal(workerIdOf(secret), workerIdOf(secret));
  assert.notEqual(workerIdOf(secret), workerIdOf(secret.replace("0", "1")));
  const id = workerIdOf(secret).replaceAll("-", "");
  assert.ok(!hashSecret(secret).startsWith(id.slice(0, 8)));
});

Deno.test("hashSecret: SHA-256 in hexadecimal", () => {
  // FIPS 180-2, appendix B.1.
  assert.equal(
    hashSecret("abc"),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("secretFits: true only for the secret", () => {
  const hash = hashSecret(secret);
  assert.equal(secretFits(secret, hash), true);
  assert.equal(secretFits(secret.replace("0", "1"), hash), false);
  assert.equal(secretFits(secret, hash.slice(1)), false);
  assert.equal(secretFits(secret, ""), false);
});
