import { testSwarm } from "../testing/app_fixture.ts";
import { listen } from "../coordinator/http/server.ts";
import { dataFiles } from "../coordinator/storage/served_files.ts";

/** A server for `descriptors_test.ts`: few file descriptors, real sockets. */
const [folder = "", bytes = "", how] = Deno.args;
const size = Number(bytes);
const file = { sha256: "a".repeat(64), compressedBytes: size, bytes: size };
const swarm = await testSwarm({ data: dataFiles(folder, [file], () => {}) });
const server = listen(
  "127.0.0.1",
  0,
  async (request, { remoteAddr }) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") {
      console.log("answering slowly");
      await new Promise((resolve) => setTimeout(resolve, 500));
      return new Response("here");
    }
    return await swarm.app.fetch(request, { peer: remoteAddr.hostname });
  },
  (level, message) => console.log(`${level}: ${message}`),
  how === "uncontrolled"
    ? { serveOn: null }
    : { ownerOf: (address) => address },
);
// Half a second after its start Deno opens a pair of sockets, to hear of
// signals, and ends where it cannot.
setTimeout(() => console.log(`serving ${server.url}`), 1000);
