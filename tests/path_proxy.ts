import {
  createServer,
  type IncomingMessage,
  request as call,
  type ServerResponse,
} from "node:http";

/** A coordinator behind a path of a proxy. */
export interface Mount {
  /** With slashes at both ends: `/swarm/`. */
  readonly path: string;
  /** The coordinator's own address. */
  readonly to: string;
  /**
   * Whether the proxy takes its path away, as nginx does with
   * `proxy_pass http://127.0.0.1:8000/;`, or passes it on, as without the slash.
   */
  readonly strips: boolean;
  /** Whether `Host` is the coordinator's, as nginx does by default. */
  readonly replacesHost?: boolean;
}

/** A reverse proxy on this machine with coordinators under its paths. */
export interface PathProxy extends AsyncDisposable {
  /** `http://127.0.0.1:1234`, without a path. */
  readonly origin: string;
  /** Paths of all requests, as the proxy got them. */
  readonly requests: string[];
  /** Those of them that no coordinator is under, and got 404. */
  readonly strays: string[];
  /** The coordinators from now on. */
  use(...mounts: readonly Mount[]): void;
}

/**
 * Starts one without coordinators. It passes everything on as it comes, other
 * headers included, and adds none: what proxies do at the least.
 */
export async function startPathProxy(): Promise<PathProxy> {
  let mounts: readonly Mount[] = [];
  const requests: string[] = [];
  const strays: string[] = [];

  function pass(incoming: IncomingMessage, answer: ServerResponse): void {
    const { url = "/", method, headers } = incoming;
    requests.push(url);
    const mount = mounts.find(({ path }) => url.startsWith(path));
    if (mount === undefined) {
      strays.push(url);
      answer.writeHead(404).end("another program");
      return;
    }
    const { hostname, port, host } = new URL(mount.to);
    const onward = call({
      hostname,
      port,
      method,
      path: mount.strips ? url.slice(mount.path.length - 1) : url,
      headers: { ...headers, ...mount.replacesHost && { host } },
    }, (got) => {
      answer.writeHead(got.statusCode ?? 502, got.headers);
      // Event streams send their first event much later.
      answer.flushHeaders();
      got.pipe(answer);
    });
    onward.on("error", () => {
      if (answer.headersSent) answer.destroy();
      else answer.writeHead(502).end("the coordinator does not answer");
    });
    answer.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }

  const server = createServer(pass);
  await new Promise<void>((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve())
  );
  const address = server.address();
  if (address === null || typeof address === "string") {
    throw new Error(`the proxy has no port: ${address}`);
  }
  return {
    origin: `http://127.0.0.1:${address.port}`,
    requests,
    strays,
    use: (...next) => void (mounts = next),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
