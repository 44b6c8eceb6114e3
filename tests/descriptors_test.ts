import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("descriptors_server.ts", import.meta.url));
const config = fileURLToPath(new URL("../deno.json", import.meta.url));

const FILE = `${"a".repeat(64)}.gz`;
/** More bytes than the buffers of a connection. */
const FILE_BYTES = 16e6;

/** Silent, or a request that never ends: its head, its body. */
const UNFINISHED = [
  "",
  "GET / HTTP/1.1\r\nHo",
  "POST /api/workers HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{",
];
/** A request for more than is ever read. */
const UNREAD = [`GET /data/${FILE} HTTP/1.1\r\nHost: a\r\n\r\n`];

/** Where connections are held from: shares of connections are by address. */
const ATTACKER = "127.0.0.2";

/** Whether the server decides which connections it keeps. */
type Control = "controlled" | "uncontrolled";

/** A server that may open 64 files and connections. */
async function startServer(folder: string, how: Control) {
  await Deno.writeFile(join(folder, FILE), new Uint8Array(FILE_BYTES));
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      'ulimit -n 64; exec "$0" run --allow-net=127.0.0.1 --allow-read ' +
      '--allow-env --config "$1" "$2" "$3" "$4" "$5"',
      Deno.execPath(),
      config,
      script,
      folder,
      String(FILE_BYTES),
      how,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
    }
  };
  const reading = [read(child.stdout), read(child.stderr)];
  let url: URL | undefined;
  let ended = false;
  child.status.then(() => ended = true);
  while (url === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [, text] = /serving (\S+)\n/.exec(output) ?? [];
    if (text !== undefined) url = new URL(text);
    else if (ended) throw new Error(`the server did not start: ${output}`);
  }
  return {
    url,
    output: () => output,
    async says(text: string) {
      while (!output.includes(text)) {
        if (ended) throw new Error(`the server ended: ${output}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async end() {
      if (!ended) child.kill("SIGKILL");
      await Promise.all(reading);
      await child.status;
    },
  };
}

/** Whether the server answers, asked until it does or twenty seconds pass. */
async function answers(url: URL): Promise<boolean> {
  for (let n = 0; n < 100; n++) {
    try {
      const signal = AbortSignal.timeout(1000);
      const response = await fetch(new URL("/healthz", url), { signal });
      await response.body?.cancel();
      if (response.status === 200) return true;
    } catch {
      // Not now.
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return false;
}

/** Opens connections from another address and leaves them as they are. */
async function hold(
  { port }: URL,
  begun: readonly string[],
  count: number,
): Promise<Socket[]> {
  const held: Socket[] = [];
  for (let n = 0; n < count; n++) {
    await new Promise((resolve) => {
      const socket = connect({
        host: "127.0.0.1",
        port: Number(port),
        localAddress: ATTACKER,
      });
      // Refused, reset or cut.
      socket.on("error", resolve);
      socket.once("connect", () => {
        socket.write(begun[n % begun.length] ?? "", resolve);
      });
      held.push(socket);
    });
  }
  return held;
}

const kinds = {
  "held by requests that do not end": UNFINISHED,
  "held by answers that nobody reads": UNREAD,
};
// What limits a process is the shell's to set.
const ignore = Deno.build.os !== "linux";

for (const [name, begun] of Object.entries(kinds)) {
  Deno.test({
    name: `listen answers everybody while file descriptors are ${name}`,
    ignore,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "descriptors-" });
      const server = await startServer(folder, "controlled");
      const { url } = server;
      const held: Socket[] = [];
      try {
        const slow = fetch(new URL("/slow", url)).then((r) => r.text());
        slow.catch(() => {});
        await server.says("answering slowly");
        for (let n = 0; n < 12; n++) {
          held.push(...await hold(url, begun, 20));
          // At once, or when the newest requests have had their second.
          assert.equal(await answers(url), true, server.output());
        }
        // Running answers were completed.
        assert.equal(await slow.catch(() => server.output()), "here");
        assert.match(server.output(), /no file descriptor is left/);
        assert.doesNotMatch(server.output(), /error/);
      } finally {
        for (const socket of held) socket.destroy();
        await server.end();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });

  Deno.test({
    name: `listen without control of connections survives: ${name}`,
    ignore,
    async fn() {
      const folder = await Deno.makeTempDir({ prefix: "descriptors-" });
      const server = await startServer(folder, "uncontrolled");
      const { url } = server;
      let held: Socket[] = [];
      try {
        const slow = fetch(new URL("/slow", url)).then((r) => r.text());
        slow.catch(() => {});
        await server.says("answering slowly");
        held = await hold(url, begun, 120);
        // They are still held: they were cut, and there is room again.
        assert.equal(await answers(url), true, server.output());
        // Running answers were completed.
        assert.equal(await slow.catch(() => server.output()), "here");
        assert.match(server.output(), /server ended, listening again/);
      } finally {
        for (const socket of held) socket.destroy();
        await server.end();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}
