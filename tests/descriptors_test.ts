import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("descriptors_server.ts", import.meta.url));

const BEGUN = [
  "",
  "GET / HTTP/1.1\r\nHo",
  "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{",
];

/** Whether the server answers, asked until it does or ten seconds are over. */
async function answers(url: string): Promise<boolean> {
  for (let n = 0; n < 50; n++) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(1000) });
      return await response.text() === "here";
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  return false;
}

Deno.test({
  name:
    "listen outlives running out of file descriptors, also while they are held",
  // What limits a process is the shell's to set.
  ignore: Deno.build.os !== "linux",
  async fn() {
    const child = new Deno.Command("sh", {
      args: [
        "-c",
        'ulimit -n 64; exec "$0" run --allow-net=127.0.0.1 "$1"',
        Deno.execPath(),
        script,
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let output = "";
    const reading = (async () => {
      for await (
        const text of child.stdout.pipeThrough(new TextDecoderStream())
      ) {
        output += text;
      }
    })();
    const held: Deno.Conn[] = [];
    try {
      let url: URL | undefined;
      while (url === undefined) {
        await new Promise((resolve) => setTimeout(resolve, 20));
        const [, text] = /serving (\S+)\n/.exec(output) ?? [];
        if (text !== undefined) url = new URL(text);
      }
      const slow = fetch(new URL("/slow", url));
      await new Promise((resolve) => setTimeout(resolve, 100));
      const port = Number(url.port);
      for (let n = 0; n < 120; n++) {
        try {
          const connection = await Deno.connect({
            hostname: "127.0.0.1",
            port,
          });
          held.push(connection);
          // Silent, or with a request that never ends: its head, its body.
          const begun = BEGUN[n % BEGUN.length] ?? "";
          await connection.write(new TextEncoder().encode(begun));
        } catch {
          // Refused or reset while the server listens anew.
        }
      }
      // They are still held: the idle were cut, and there is room again.
      assert.equal(await answers(url.href), true);
      // What was being answered meanwhile was answered.
      assert.equal(await (await slow).text(), "here");
      assert.match(output, /server ended, listening again/);
    } finally {
      for (const connection of held) connection.close();
      child.kill("SIGKILL");
      await reading;
      await child.status;
    }
  },
});
