import { listen } from "../coordinator/listen.ts";

/** A server for `descriptors_test.ts`: few file descriptors, real sockets. */
const server = listen(
  "127.0.0.1",
  0,
  async (request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/slow") {
      await new Promise((resolve) => setTimeout(resolve, 1500));
    }
    return new Response("here");
  },
  (level, message) => console.log(`${level}: ${message}`),
);
console.log(`serving ${server.url}`);
