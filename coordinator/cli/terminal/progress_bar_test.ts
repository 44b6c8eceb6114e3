import assert from "node:assert/strict";
import { Writable } from "node:stream";
import stringWidth from "string-width";
import { progressOf } from "../../../testing/studies/reference_study.ts";
import type { TextStyle } from "./language.ts";
import { barLine, createProgressDisplay } from "./progress.ts";

const english: TextStyle = { colour: false, columns: 80, language: "en" };
const chinese: TextStyle = { ...english, language: "zh" };

class Recorded extends Writable {
  text = "";
  constructor(readonly isTTY: boolean) {
    super({ decodeStrings: false });
  }
  override _write(chunk: unknown, _encoding: string, done: () => void) {
    this.text += String(chunk);
    done();
  }
}

Deno.test("barLine: a bar, the percentage, counts, pace and time left", () => {
  assert.equal(
    barLine({ ...progressOf(40, 10), leased: 2 }, { ...english, columns: 120 }),
    "[######------------------]  25% 10 of 40 trials, 2 running, 1 worker, " +
      "2.0 a minute, 15 min left",
  );
});

Deno.test("barLine: fits any width, in either language", () => {
  for (const style of [english, chinese]) {
    for (const columns of [40, 50, 60, 80, 100, 200]) {
      for (const done of [0, 7, 44, 45]) {
        const line = barLine(progressOf(45, done), { ...style, columns });
        assert.ok(stringWidth(line) < columns, `${columns}: ${line}`);
      }
    }
  }
});

Deno.test("barLine: 100% only when all is done, quarantined trials included", () => {
  assert.match(barLine(progressOf(1000, 999), english), / 99% /);
  assert.match(barLine(progressOf(1000, 998, 2), english), /100% .*2 failed/);
});

Deno.test("barLine: no trials at all is complete", () => {
  assert.match(barLine(progressOf(0, 0), english), /100%/);
});

Deno.test("createProgressDisplay: a pipe gets a line at a new percentage, not too often", () => {
  const stream = new Recorded(false);
  let now = 0;
  const display = createProgressDisplay({
    stream,
    style: english,
    now: () => now,
    everySeconds: 10,
  });
  display.update(progressOf(100, 0));
  display.update(progressOf(100, 0));
  now = 5000;
  display.update(progressOf(100, 1));
  now = 10_000;
  display.update(progressOf(100, 2));
  now = 60_000;
  display.update(progressOf(100, 2));
  now = 60_001;
  display.log("worker joined");
  display.update(progressOf(100, 100));
  display.stop();
  const percents = stream.text.split("\n").map((line) => line.split(" ")[0]);
  assert.deepEqual(percents, ["0%", "2%", "worker", "100%", ""]);
  assert.ok(!stream.text.includes("\x1b"));
});

Deno.test("createProgressDisplay: a terminal gets a bar, lines above it, a last plain line", () => {
  const stream = new Recorded(true);
  const display = createProgressDisplay({
    stream,
    style: english,
    now: () => 0,
  });
  display.update(progressOf(10, 1));
  assert.match(stream.text, / 10% 1 of 10 trials/);
  display.log("worker joined");
  assert.ok(stream.text.includes("worker joined\n"));
  const before = stream.text.length;
  assert.match(stream.text, / 10% 1 of 10 trials[^\n]*$/);
  display.update(progressOf(10, 10));
  display.stop();
  assert.match(stream.text.slice(before), /10 of 10 trials, complete\n$/);
  // The cursor is shown again.
  assert.ok(
    stream.text.lastIndexOf("\x1b[?25h") > stream.text.lastIndexOf("\x1b[?25l"),
  );
});

const half = {
  file: "train-images",
  receivedBytes: 13_200_000,
  totalBytes: 26_400_000,
  done: false,
};

Deno.test("createProgressDisplay: a download is a line each quarter in a pipe", () => {
  const stream = new Recorded(false);
  const display = createProgressDisplay({
    stream,
    style: english,
    now: () => 0,
  });
  for (const receivedBytes of [1, 2, 13_200_000, 13_200_001]) {
    display.download({ ...half, receivedBytes });
  }
  display.download({ ...half, receivedBytes: 26_400_000 });
  display.download({ ...half, receivedBytes: 26_400_000, done: true });
  assert.deepEqual(stream.text.split("\n"), [
    "0% train-images: 0.0 of 26.4 MB",
    "50% train-images: 13.2 of 26.4 MB",
    "100% train-images: 26.4 of 26.4 MB",
    "",
  ]);
});

Deno.test("createProgressDisplay: a download is a bar in a terminal, gone when it is done or fails", () => {
  const stream = new Recorded(true);
  const display = createProgressDisplay({
    stream,
    style: english,
    now: () => 0,
  });
  const since = (length: number) => stream.text.slice(length);
  display.download(half);
  assert.match(
    stream.text,
    /\[#{12}-{12}\] {2}50% train-images: 13\.2 of 26\.4 MB[^\n]*$/,
  );
  display.log("failed: no data");
  assert.match(stream.text, /failed: no data\n$/);
  const failed = stream.text.length;
  display.download({ ...half, totalBytes: null });
  assert.match(since(failed), /train-images: 13\.2 MB[^\n]*$/);
  display.download({ ...half, done: true });
  const done = stream.text.length;
  display.update(progressOf(10, 1));
  assert.match(since(done), / 10% 1 of 10 trials/);
  assert.ok(!since(done).includes("train-images"));
  display.stop();
});

Deno.test("createProgressDisplay: stopped before any progress, a terminal stays untouched", () => {
  const stream = new Recorded(true);
  createProgressDisplay({ stream, style: english, now: () => 0 }).stop();
  assert.equal(stream.text, "");
});
