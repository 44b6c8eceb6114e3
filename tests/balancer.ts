/** A minimal load balancer on this machine. */
export interface Balancer extends AsyncDisposable {
  readonly url: string;
  /** Requests passed on, by backend. */
  readonly passed: ReadonlyMap<string, number>;
  /** The backends from now on. */
  use(backends: readonly string[]): void;
}

export interface BalancerOptions {
  /**
   * Called with a request's path before it is passed on. It waits meanwhile, but
   * not beyond the balancer's end.
   */
  readonly before?: (path: string) => Promise<void> | void;
  /** Whether the answer to a request for this path is lost on its way back. */
  readonly loses?: (path: string) => boolean;
}

/**
 * Passes each request to the next backend, or to the one after it if nothing
 * listens there, like nginx by default for unanswered requests. Our protocol
 * allows that a request is sent twice.
 */
export function startBalancer(
  backends: readonly string[],
  { before = () => {}, loses = () => false }: BalancerOptions = {},
): Balancer {
  let current = backends;
  let turn = 0;
  const passed = new Map<string, number>();
  const over = Promise.withResolvers<"over">();

  async function pass(request: Request, caller: string): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (await Promise.race([before(pathname), over.promise]) === "over") {
      return new Response("the balancer ends", { status: 502 });
    }
    const body = request.body === null ? null : await request.arrayBuffer();
    const headers = new Headers(request.headers);
    headers.set("x-forwarded-for", caller);
    const order = current.map((_, i) => current[(turn + i) % current.length]);
    turn++;
    for (const backend of order) {
      try {
        const answer = await fetch(`${backend}${pathname}${search}`, {
          method: request.method,
          headers,
          body,
          redirect: "manual",
          signal: request.signal,
        });
        passed.set(backend ?? "", (passed.get(backend ?? "") ?? 0) + 1);
        if (loses(pathname)) {
          await answer.body?.cancel();
          return lostAnswer();
        }
        // Without the encoding headers, because fetch has decoded the body.
        const plain = new Headers(answer.headers);
        plain.delete("content-encoding");
        plain.delete("content-length");
        const { status } = answer;
        return new Response(answer.body, { status, headers: plain });
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
      }
    }
    return new Response("no backend answers", { status: 502 });
  }

  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, { remoteAddr }) =>
      pass(request, remoteAddr.hostname).catch(() =>
        new Response("the backend went away", { status: 502 })
      ),
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    passed,
    use: (next) => void (current = next),
    async [Symbol.asyncDispose]() {
      over.resolve("over");
      await server.shutdown();
    },
  };
}

/** An answer whose connection ends in the middle. */
const lostAnswer = () =>
  new Response(ReadableStream.from([new Uint8Array(1)]), {
    headers: { "content-length": "2" },
  });

/** Keeps a study from ending before a test has done what it is to outlast. */
export interface LeaseGate extends Required<Pick<BalancerOptions, "before">> {
  /** Lets this many more calls for a lease pass. */
  allow(more: number): void;
}

/** Lets this many calls for a lease pass; the next ones wait. */
export function createLeaseGate(allowed: number): LeaseGate {
  const waiting: (() => void)[] = [];
  return {
    before(path) {
      if (path !== "/api/leases" || allowed-- > 0) return;
      return new Promise((pass) => waiting.push(pass));
    },
    allow(more) {
      allowed = Math.max(allowed, 0) + more;
      while (allowed > 0 && waiting.length > 0) {
        allowed--;
        waiting.shift()?.();
      }
    },
  };
}
