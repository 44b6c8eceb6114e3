import assert from "node:assert/strict";
import { LeaseId } from "../protocol/ids.ts";
import type { Problem } from "../protocol/problem.ts";
import type { ServedFile } from "../protocol/study.ts";
import type { TrialResult } from "../protocol/training.ts";
import { createClient, networkReason } from "./client.ts";
import {
  backoffSeconds,
  ForeignAnswerError,
  LostAnswerError,
  ProblemError,
  remedyFor,
  UnreachableError,
} from "./session/swarm_client.ts";
import {
  epochMetrics,
  manifest,
  problemError,
  trialSpec,
  uuid,
} from "../testing/worker/fixtures.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";

const URL_ = "http://127.0.0.1:9";
const never = new AbortController().signal;
const leaseId = LeaseId.parse(uuid(7));

/** A client whose requests go to `answer`, and the requests that it made. */
function clientOf(
  answer: (request: Request) => Response | Promise<Response>,
  url = URL_,
) {
  const requests: Request[] = [];
  const client = createClient({
    url,
    timeoutMilliseconds: 20,
    stallMilliseconds: 20,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      requests.push(request.clone());
      return await answer(request);
    },
  });
  return { client, requests };
}

function problem(
  type: Problem["type"],
  status: number,
  headers = {},
): Response {
  const body: Problem = { type, title: type, status, detail: `no: ${type}` };
  return Response.json(body, { status, headers });
}

const lease = {
  leaseId,
  attempt: 1,
  expiresAt: "2026-01-01T00:00:00.000Z",
  ttlSeconds: 60,
  reportAfterSeconds: 0,
  trial: trialSpec(0),
  dataset: manifest(),
  weightsBytes: 1_077_288,
};

Deno.test("createClient: acquire posts the request with token and protocol version, and reads the lease", async () => {
  const { client, requests } = clientOf(() => Response.json(lease));
  const request = { backend: "simd", stepMilliseconds: 4.5 } as const;
  const answer = await client.acquire("secret", request, never);
  assert.deepEqual(answer, { lease });
  const [sent] = requests;
  assert.equal(sent?.method, "POST");
  assert.equal(sent?.url, `${URL_}/api/leases`);
  assert.equal(sent?.headers.get("authorization"), "Bearer secret");
  assert.equal(sent?.headers.get("swarm-protocol"), String(PROTOCOL_VERSION));
  assert.equal(sent?.headers.get("content-type"), "application/json");
  assert.deepEqual(await sent?.json(), request);
});

Deno.test("createClient: every call of a lease goes to its own address", async () => {
  const { client, requests } = clientOf((request) =>
    request.url.endsWith("/complete")
      ? Response.json({ trialId: trialSpec(0).trialId, verdict: "accepted" })
      : request.url.endsWith("/release") || request.method === "DELETE"
      ? new Response(null, { status: 204 })
      : Response.json({
        directive: "continue",
        ttlSeconds: 9,
        reportAfterSeconds: 0,
      })
  );
  const attempt = 2;
  await client.renew("t", leaseId, { attempt }, never);
  await client.report(
    "t",
    leaseId,
    { attempt, epochs: [epochMetrics(1)] },
    never,
  );
  const result: TrialResult = {
    outcome: "diverged",
    divergedAtEpoch: 1,
    epochs: [],
    backend: "cpu",
    seconds: 1,
  };
  await client.complete("t", leaseId, { attempt, result }, never);
  await client.release("t", leaseId, { attempt, reason: "leaving" }, never);
  await client.leave("t", never);
  assert.deepEqual(
    requests.map(({ method, url }) => `${method} ${url.slice(URL_.length)}`),
    [
      `POST /api/leases/${leaseId}/renew`,
      `POST /api/leases/${leaseId}/report`,
      `POST /api/leases/${leaseId}/complete`,
      `POST /api/leases/${leaseId}/release`,
      "DELETE /api/workers/me",
    ],
  );
});

Deno.test("createClient: a 204 says why there is no lease and when to ask again", async () => {
  const { client } = clientOf(() =>
    new Response(null, {
      status: 204,
      headers: { "retry-after": "12", "swarm-reason": "all-leased" },
    })
  );
  assert.deepEqual(await client.acquire("t", { backend: "cpu" }, never), {
    lease: null,
    reason: "all-leased",
    retryAfterSeconds: 12,
  });
});

Deno.test("createClient: problem details become a ProblemError with Retry-After", async () => {
  const { client } = clientOf(() =>
    problem("unavailable", 503, { "retry-after": "7" })
  );
  await assert.rejects(client.leave("t", never), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.equal(error.problem.type, "unavailable");
    assert.equal(error.message, "no: unavailable");
    assert.equal(error.retryAfterSeconds, 7);
    return true;
  });
});

Deno.test("createClient: behind a proxy's error page an answer may be lost, another site's page is foreign", async () => {
  const gateway = clientOf(() =>
    new Response("<h1>Bad gateway</h1>", { status: 502 })
  );
  await assert.rejects(gateway.client.leave("t", never), LostAnswerError);
  for (
    const answer of [
      () => new Response("<h1>Welcome</h1>"),
      () => new Response("not found", { status: 404 }),
      () => Response.json({ workerId: 3 }),
    ]
  ) {
    const { client } = clientOf(answer);
    await assert.rejects(
      client.register(
        { protocolVersion: PROTOCOL_VERSION, kind: "deno", threads: 1 },
        never,
      ),
      ForeignAnswerError,
    );
  }
});

Deno.test("createClient: an answer that breaks its schema is not believed", async () => {
  const { client } = clientOf(() =>
    Response.json({ ...lease, trial: { ...lease.trial, seed: "seven" } })
  );
  await assert.rejects(
    client.acquire("t", { backend: "cpu" }, never),
    { name: "ForeignAnswerError", message: /trial\.seed/ },
  );
});

Deno.test("createClient: an answer that is too long is not read to its end", async () => {
  let sent = 0;
  const { client } = clientOf(() =>
    new Response(
      new ReadableStream<Uint8Array>({
        pull(controller) {
          // Ends, so that a client that reads on fails and does not hang.
          if (sent > 8 << 20) return controller.close();
          sent += 1 << 16;
          controller.enqueue(new Uint8Array(1 << 16).fill(0x20));
        },
      }),
    )
  );
  const asked = client.acquire("t", { backend: "cpu" }, never);
  await assert.rejects(asked, ForeignAnswerError);
  assert.ok(sent < 2 << 20, `${sent} bytes`);
});

Deno.test("createClient: sizes that no honest coordinator asks for are refused", async () => {
  const { files } = lease.dataset;
  const { trainImages } = files;
  const dataset = (change: object) => ({
    ...lease,
    dataset: { ...lease.dataset, ...change },
  });
  const image = (change: object) =>
    dataset({
      files: { ...files, trainImages: { ...trainImages, ...change } },
    });
  const trial = (change: object) => ({
    ...lease,
    trial: { ...lease.trial, ...change },
  });
  const recipe = (change: object) =>
    trial({ recipe: { ...lease.trial.recipe, ...change } });
  for (
    const [body, place] of [
      [dataset({ classes: 2 ** 40 }), /dataset\.classes/],
      [dataset({ name: "\u001b[2Jx" }), /dataset\.name/],
      [image({ bytes: 2 ** 40 }), /trainImages\.bytes/],
      [image({ compressedBytes: 2 ** 40 }), /trainImages\.compressedBytes/],
      [image({ compressedBytes: 1 << 20 }), /trainImages/],
      [image({ path: "//internal.test/data" }), /trainImages\.path/],
      [recipe({ hiddenSizes: [2 ** 20, 2 ** 20] }), /hiddenSizes/],
      [recipe({ batchSize: 2 ** 30 }), /batchSize/],
      [recipe({ epochs: 2 ** 30 }), /epochs/],
      [trial({ replicate: 2 ** 40 }), /replicate/],
      [{ ...lease, ttlSeconds: 1e12 }, /ttlSeconds/],
      [{ ...lease, ttlSeconds: 1e-9 }, /ttlSeconds/],
      [{ ...lease, reportAfterSeconds: 1e12 }, /reportAfterSeconds/],
    ] as const
  ) {
    const { client } = clientOf(() => Response.json(body));
    await assert.rejects(
      client.acquire("t", { backend: "cpu" }, never),
      (error) => {
        assert.ok(error instanceof ForeignAnswerError, `${error}`);
        assert.match(error.message, place);
        return true;
      },
    );
  }
});

Deno.test("createClient: what a coordinator answers cannot change a terminal", async () => {
  const { client } = clientOf(() =>
    Response.json({
      type: "invalid-request",
      title: "No",
      status: 400,
      detail: "\u001b]0;owned\u0007\u202e",
    }, { status: 400, headers: { "content-type": "application/problem+json" } })
  );
  await assert.rejects(
    client.acquire("t", { backend: "cpu" }, never),
    (error: Error) => {
      assert.match(error.message, /owned/);
      assert.doesNotMatch(error.message, /[\p{Cc}\u202e]/u);
      return true;
    },
  );
});

Deno.test("createClient: no call follows a redirect, whatever it is for", async () => {
  const internal: string[] = [];
  const loopback = { hostname: "127.0.0.1", port: 0, onListen: () => {} };
  const inside = Deno.serve(loopback, async (request) => {
    internal.push(`${request.method} ${await request.text()}`);
    return Response.json(lease);
  });
  const secrets = `http://127.0.0.1:${inside.addr.port}/internal`;
  let status = 307;
  const coordinator = Deno.serve(
    loopback,
    () => new Response(null, { status, headers: { location: secrets } }),
  );
  const client = createClient({
    url: `http://127.0.0.1:${coordinator.addr.port}`,
  });
  const { trainImages } = manifest().files;
  const result: TrialResult = {
    ...{ outcome: "diverged", divergedAtEpoch: 1, epochs: [] },
    ...{ backend: "cpu", seconds: 1 },
  };
  const attempt = 1;
  const calls: Record<string, () => Promise<unknown>> = {
    register: () =>
      client.register(
        { protocolVersion: PROTOCOL_VERSION, kind: "deno", threads: 1 },
        never,
      ),
    acquire: () => client.acquire("t", { backend: "cpu" }, never),
    renew: () => client.renew("t", leaseId, { attempt }, never),
    report: () =>
      client.report(
        "t",
        leaseId,
        { attempt, epochs: [epochMetrics(1)] },
        never,
      ),
    uploadWeights: () =>
      client.uploadWeights(
        "t",
        leaseId,
        { attempt, bytes: new ArrayBuffer(8) },
        never,
      ),
    complete: () => client.complete("t", leaseId, { attempt, result }, never),
    release: () =>
      client.release("t", leaseId, { attempt, reason: "leaving" }, never),
    leave: () => client.leave("t", never),
    data: () => client.data(trainImages, () => {}, never),
  };
  // A call that is added to the client is added here, too.
  assert.deepEqual(Object.keys(calls).sort(), Object.keys(client).sort());
  try {
    for (status of [301, 302, 303, 307, 308]) {
      for (const [name, call] of Object.entries(calls)) {
        await assert.rejects(call(), (error: Error) => {
          assert.ok(error instanceof ForeignAnswerError, `${name}: ${error}`);
          assert.match(error.message, /redirects to .*\/internal/);
          return true;
        });
      }
    }
    assert.deepEqual(internal, []);
  } finally {
    await Promise.all([inside.shutdown(), coordinator.shutdown()]);
  }
});

Deno.test("createClient: a refused connection is unreachable, naming the address", async () => {
  // A real one: the port was free a moment ago.
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const url = `http://127.0.0.1:${port}`;
  await assert.rejects(
    createClient({ url }).leave("t", never),
    (error) =>
      error instanceof UnreachableError &&
      !(error instanceof LostAnswerError) &&
      error.message.startsWith(
        `${url}: no program listens there; check the port, `,
      ),
  );
});

Deno.test("createClient: an answer that is lost is not a coordinator that nobody reached", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (
    const answer of [
      "",
      "HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{",
    ]
  ) {
    const served = (async () => {
      using connection = await listener.accept();
      await connection.read(new Uint8Array(9999));
      await connection.write(new TextEncoder().encode(answer));
    })();
    const { port } = listener.addr;
    const registering = createClient({ url: `http://127.0.0.1:${port}` })
      .register({ protocolVersion: 1, kind: "deno", threads: 1 }, never);
    await assert.rejects(registering, { name: "LostAnswerError" });
    await served;
  }
});

Deno.test("createClient: browsers do not say whether they reached anybody, so the answer may be lost", async () => {
  const { client } = clientOf(() => {
    throw new TypeError("Failed to fetch");
  });
  await assert.rejects(client.leave("t", never), LostAnswerError);
});

Deno.test("networkReason says what to do where Deno gives a reason", () => {
  const reasonOf = (cause: string) =>
    networkReason(new TypeError("fetch failed", { cause: new Error(cause) }));
  assert.equal(
    reasonOf("client error (Connect): received corrupt message of type X"),
    "it does not speak https; use http:// " +
      "(received corrupt message of type X)",
  );
  assert.match(
    reasonOf("client error (SendRequest): invalid HTTP version parsed"),
    /^it does not speak http; use https:/,
  );
  assert.equal(reasonOf("something else"), "something else");
  // As Deno says it, without its layers and the error's number.
  for (
    const [said, advice] of [
      [
        "client error (Connect): tcp connect error: Connection refused " +
        "(os error 111)",
        /^no program listens there; check the port.* \(Connection refused\)$/,
      ],
      [
        "client error (SendRequest): connection error: Connection reset by " +
        "peer (os error 104)",
        /^it ended the connection; .* http:\/\/ or https:/,
      ],
      [
        "client error (SendRequest): received unexpected message from connection",
        /^it does not speak http; check the port/,
      ],
      [
        "client error (Connect): invalid peer certificate: Expired",
        /^its certificate has expired, or this machine's clock is wrong/,
      ],
      [
        "Fetch failed: Requests to port 6000 are blocked",
        /^neither Deno nor a browser calls this port \(Requests to port/,
      ],
      [
        "Fetch failed: Maximum number of redirects (20) reached",
        /^it redirects in a circle; check the address/,
      ],
    ] as const
  ) assert.match(reasonOf(said), advice);
});

/** A fetch that waits until it is aborted, as an engine's does. */
const hanging = (request: Request) =>
  new Promise<Response>((_, reject) => {
    const { signal } = request;
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });

Deno.test("createClient: an answer that does not come in time is lost", async () => {
  const { client } = clientOf(hanging);
  await assert.rejects(client.leave("t", never), {
    name: "LostAnswerError",
    message: /no answer within 0.02 s/,
  });
});

Deno.test("createClient: an aborted call rejects with the signal's reason", async () => {
  const { client } = clientOf(hanging);
  const leaving = new AbortController();
  const call = client.leave("t", leaving.signal);
  leaving.abort(new Error("the user left"));
  await assert.rejects(call, { message: "the user left" });
});

const file: ServedFile = {
  ...manifest().files.trainImages,
  compressedBytes: 6,
};
const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("createClient: data comes with its progress", async () => {
  const { client, requests } = clientOf(() =>
    new Response(ReadableStream.from([bytes(1, 2, 3, 4), bytes(5, 6)]))
  );
  const seen: number[] = [];
  const data = await client.data(file, (n) => seen.push(n), never);
  assert.deepEqual(data, bytes(1, 2, 3, 4, 5, 6));
  assert.deepEqual(seen, [4, 6]);
  assert.equal(requests[0]?.url, URL_ + file.path);
});

Deno.test("createClient: data may have another size than the manifest says, if the answer names it and it is plausible", async () => {
  const sized = (length: number) =>
    clientOf(() =>
      new Response(bytes(1, 2, 3, 4, 5, 6, 7), {
        headers: { "content-length": `${length}` },
      })
    ).client;
  const data = await sized(7).data(file, () => {}, never);
  assert.equal(data.length, 7);
  await assert.rejects(sized(1e9).data(file, () => {}, never), {
    message: /more than 6 bytes/,
  });
});

Deno.test("createClient keeps the path of its coordinator", async () => {
  for (const url of [`${URL_}/a/swarm`, `${URL_}/a/swarm/`]) {
    const { client, requests } = clientOf(
      ({ method }) =>
        method === "GET"
          ? new Response(bytes(1, 2, 3, 4, 5, 6))
          : new Response(null, { status: 204 }),
      url,
    );
    await client.data(file, () => {}, never);
    await client.release(
      "t",
      leaseId,
      { attempt: 1, reason: "leaving" },
      never,
    );
    await client.leave("t", never);
    assert.deepEqual(requests.map((request) => request.url), [
      `${URL_}/a/swarm${file.path}`,
      `${URL_}/a/swarm/api/leases/${leaseId}/release`,
      `${URL_}/a/swarm/api/workers/me`,
    ]);
  }
});

Deno.test("createClient: data of another size than promised are refused", async () => {
  const long = clientOf(() => new Response(bytes(1, 2, 3, 4, 5, 6, 7)));
  await assert.rejects(long.client.data(file, () => {}, never), {
    message: /more than 6 bytes/,
  });
  const short = clientOf(() => new Response(bytes(1, 2, 3)));
  await assert.rejects(short.client.data(file, () => {}, never), {
    name: "UnreachableError",
    message: /3 of 6 bytes came/,
  });
});

Deno.test("createClient: data that stop coming are given up", async () => {
  const { client } = clientOf((request) =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(bytes(1));
          request.signal.addEventListener(
            "abort",
            () => controller.error(request.signal.reason),
          );
        },
      }),
    )
  );
  await assert.rejects(client.data(file, () => {}, never), {
    message: /no data comes/,
  });
});

Deno.test("remedyFor: each failure has its remedy", () => {
  const remedy = (...of: Parameters<typeof problemError>) =>
    remedyFor(problemError(...of)).do;
  assert.equal(remedyFor(new UnreachableError("gone")).do, "retry");
  assert.equal(remedyFor(new ForeignAnswerError("odd")).do, "retry");
  assert.equal(remedy("internal", 500), "retry");
  assert.equal(remedy("unavailable", 503), "retry");
  assert.equal(remedy("unavailable", 429), "retry");
  assert.equal(remedy("newer-version", 501), "retry");
  assert.equal(remedy("unauthorized", 401), "register");
  assert.equal(remedy("stale-lease", 409), "drop");
  assert.equal(remedy("trial-completed", 409), "drop");
  assert.equal(remedy("trial-quarantined", 409), "drop");
  assert.equal(remedy("conflicting-result", 409), "drop");
  assert.equal(remedy("rejected-result", 422), "drop");
  assert.equal(remedy("not-found", 404), "drop");
  assert.equal(remedy("invalid-request", 400), "stop");
  assert.equal(remedy("foreign-origin", 403), "stop");
  assert.equal(remedy("body-too-large", 413), "stop");
  assert.equal(remedy("protocol-version", 426), "stop");
});

Deno.test("remedyFor: an error of the program is thrown on, not retried", () => {
  const fault = new ReferenceError("x is not defined");
  assert.throws(() => remedyFor(fault), fault);
});

Deno.test("backoffSeconds: doubles from one to thirty, half of it by chance", () => {
  const longest = [1, 2, 3, 4, 5, 6, 20].map((n) =>
    backoffSeconds(n, null, () => 1)
  );
  assert.deepEqual(longest, [1, 2, 4, 8, 16, 30, 30]);
  assert.equal(backoffSeconds(3, null, () => 0), 2);
});

Deno.test("backoffSeconds: never earlier than Retry-After", () => {
  assert.equal(backoffSeconds(1, 20, () => 0), 20);
  assert.equal(backoffSeconds(1, 20, () => 1), 25);
  assert.equal(backoffSeconds(6, 2, () => 1), 30);
});
