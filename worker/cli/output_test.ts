import assert from "node:assert/strict";
import { createOutput, flushAll } from "./output.ts";

/** An output whose next writes go as they are told; then they succeed. */
function target(...outcomes: (Error | Promise<void>)[]) {
  let text = "";
  return {
    text: () => text,
    async write(bytes: Uint8Array) {
      const outcome = outcomes.shift();
      if (outcome instanceof Error) throw outcome;
      await outcome;
      text += new TextDecoder().decode(bytes);
      return bytes.length;
    },
    writeSync: () => 0,
    isTerminal: () => false,
  };
}

const full = () =>
  Object.assign(new Error("No space left on device"), { code: "ENOSPC" });

Deno.test("createOutput says once what is missing, where writing works again", async () => {
  const to = target(full(), full());
  const output = createOutput(to, { notes: true });
  output.write("a\n");
  output.write("b\n");
  assert.deepEqual(await output.flush(), {
    type: "failed",
    message: "No space left on device",
  });
  output.write("c\n");
  output.write("d\n");
  assert.deepEqual(await output.flush(), { type: "delivered" });
  assert.equal(
    to.text(),
    "\n2 lines are missing here: No space left on device\nc\nd\n",
  );
});

Deno.test("createOutput adds no words of its own where a program reads", async () => {
  const to = target(full());
  const output = createOutput(to, { notes: false });
  output.write("a\n");
  output.write("b\n");
  await output.flush();
  assert.equal(to.text(), "b\n");
});

Deno.test("createOutput writes nothing more to a reader that is gone", async () => {
  const to = target(new Deno.errors.BrokenPipe("Broken pipe"));
  const output = createOutput(to, { notes: true });
  output.write("a\n");
  output.write("b\n");
  assert.deepEqual(await output.flush(), { type: "closed" });
  assert.equal(to.text(), "");
});

Deno.test("createOutput waits for a pipe that takes nothing now", async () => {
  const to = target(new Deno.errors.WouldBlock("Resource unavailable"));
  const output = createOutput(to, { notes: true });
  output.write("a\n");
  assert.deepEqual(await output.flush(), { type: "delivered" });
  assert.equal(to.text(), "a\n");
});

Deno.test("createOutput: a reader that has paused costs bounded memory and holds up nobody", async () => {
  const reads = Promise.withResolvers<void>();
  const to = target(reads.promise);
  const output = createOutput(to, { notes: true });
  const line = `${"x".repeat(9_999)}\n`;
  for (let n = 0; n < 1000; n++) output.write(line);
  // Asked to end, nobody waits for the reader.
  await flushAll([output], AbortSignal.abort());
  assert.equal(to.text(), "");
  reads.resolve();
  await output.flush();
  output.write("end\n");
  await output.flush();
  const [, missing] = /(\d+) lines are missing here: nobody read them/
    .exec(to.text()) ?? [];
  const written = to.text().match(/x\n/g)?.length ?? 0;
  assert.ok(written > 100 && written < 120, `${written}`);
  assert.equal(written + Number(missing), 1000);
});
