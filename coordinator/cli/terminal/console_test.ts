import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { createConsole } from "./console.ts";

const link = "http://192.168.1.20:8000/join";

function invited(isTTY: boolean, variables: Record<string, string> = {}) {
  const streams = { out: "", err: "" };
  const stream = (name: "out" | "err") =>
    Object.assign(
      new Writable({
        write(chunk, _, done) {
          streams[name] += chunk;
          done();
        },
      }),
      { isTTY },
    );
  createConsole({ json: false }, {
    stdout: stream("out"),
    stderr: stream("err"),
    variable: (name) => variables[name],
    now: () => 0,
  }).invite(link);
  return streams;
}

Deno.test("createConsole invites with a QR code on a terminal", () => {
  const { out, err } = invited(true);
  assert.ok(err.includes(`join from another device: ${link}`));
  assert.ok(err.includes("▀"));
  assert.equal(out, "");
});

Deno.test("createConsole invites plainly in a log, and where colours are not wanted", () => {
  const plain = `join from another device: ${link}\n`;
  assert.equal(invited(false).err, plain);
  assert.ok(!invited(true, { NO_COLOR: "1" }).err.includes("▀"));
});
