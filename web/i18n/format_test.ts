import assert from "node:assert/strict";
import { createFormats } from "./format.ts";

const en = createFormats("en");
const zh = createFormats("zh");

Deno.test("Formats.fixed keeps every decimal and writes U+2212 as minus", () => {
  assert.equal(en.fixed(0.3, 4), "0.3000");
  assert.equal(en.fixed(-0.02, 3), "\u22120.020");
  assert.equal(zh.fixed(0.31085, 4), "0.3109");
});

Deno.test("Formats.signed writes a plus, and no sign at zero", () => {
  assert.equal(en.signed(0.12, 2), "+0.12");
  assert.equal(en.signed(-0.12, 2), "\u22120.12");
  assert.equal(en.signed(0, 2), "0.00");
});

Deno.test("Formats.rate drops trailing zeros", () => {
  assert.equal(en.rate(0.2), "0.2");
  assert.equal(en.rate(0.02), "0.02");
  assert.equal(en.rate(0), "0");
});

Deno.test("Formats.duration uses the two largest units that are not zero", () => {
  assert.equal(en.duration(0.2), "0\u00a0s");
  assert.equal(en.duration(59.7), "1\u00a0min");
  assert.equal(en.duration(90), "1\u00a0min 30\u00a0s");
  assert.equal(en.duration(3600), "1\u00a0h");
  assert.equal(en.duration(7509), "2\u00a0h 5\u00a0min");
  assert.equal(en.duration(3599.8), "1\u00a0h");
  assert.equal(en.duration(90_000), "1\u00a0d 1\u00a0h");
  assert.equal(zh.duration(7509), "2小时5分钟");
});

Deno.test("Formats.bytes chooses the unit", () => {
  assert.equal(en.bytes(30_878_645), "31\u00a0MB");
  assert.equal(en.bytes(5_148), "5.1\u00a0kB");
  assert.equal(en.bytes(12), "12\u00a0B");
});

Deno.test("Formats.ago uses the largest unit that fits", () => {
  assert.equal(en.ago(-3), "now");
  assert.equal(en.ago(59), "59 seconds ago");
  assert.equal(en.ago(150), "2 minutes ago");
  assert.equal(en.ago(86_400), "yesterday");
  assert.equal(zh.ago(7300), "2小时前");
});

Deno.test("Formats.dateTime gives day and minute", () => {
  const time = new Date(2026, 0, 2, 15, 4);
  assert.match(en.dateTime(time), /2026.*4/);
  assert.match(zh.dateTime(time), /2026.*15:04/);
});
