import fc from "npm:fast-check@4.10.2";
import type * as z from "zod";
import { adminEndpoints } from "../../protocol/admin_endpoints.ts";
import { endpoints, WEIGHTS_TYPE } from "../../protocol/endpoints.ts";
import { fromSchema } from "./from_schema.ts";

/** Valid and invalid requests of every kind to every route. */

/** A request, as text that a failing test can print. */
export interface FuzzRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | null;
  /** The owner of its token. */
  readonly as: "nobody" | "worker" | "admin" | "garbage";
}

/** Existing ids: with invented ones, requests fail too early. */
export interface Targets {
  readonly studyIds: readonly string[];
  readonly trialIds: readonly string[];
  readonly leaseIds: readonly string[];
  readonly workerIds: readonly string[];
  /** As long as a lease's weights are. */
  readonly weightsBytes: number;
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly request?: {
    readonly params?: z.ZodType;
    readonly query?: z.ZodType;
    readonly body?: {
      readonly content: Readonly<Record<string, { schema: z.ZodType }>>;
    };
  };
}

const routes: readonly Route[] = [
  ...Object.values(endpoints),
  ...Object.values(adminEndpoints),
];

const encoder = new TextEncoder();
const bytesOf = (text: string) => encoder.encode(text);

/** Any request to any of the routes. */
export function fuzzRequest(targets: Targets): fc.Arbitrary<FuzzRequest> {
  return fc.oneof(
    ...routes.map((route) => requestTo(route, targets)),
    strayRequest,
  );
}

const odd = fc.oneof(
  fc.string({ unit: "binary", maxLength: 40 }),
  fc.constantFrom("..", "%2e%2e%2f", "%00", "%", "%ff", "__proto__", "{}"),
  fc.constant("a".repeat(3000)),
);

function requestTo(route: Route, targets: Targets): fc.Arbitrary<FuzzRequest> {
  const names = [...route.path.matchAll(/{(\w+)}/g)]
    .map(([, name = ""]) => name);
  const values = fc.tuple(...names.map((name) => parameter(name, targets)));
  const query = route.request?.query;
  return fc.record({
    method: often(
      fc.constant(route.method.toUpperCase()),
      fc.constantFrom(
        "GET",
        "HEAD",
        "POST",
        "PUT",
        "PATCH",
        "DELETE",
        "OPTIONS",
        "PROPFIND",
      ),
    ),
    path: fc.tuple(
      values,
      query === undefined ? odd : queryText(query),
      fc.boolean(),
    )
      .map(([given, text, asked]) => {
        const path = names.reduce(
          (at, name, i) => at.replace(`{${name}}`, encode(given[i] ?? "")),
          route.path,
        );
        return query !== undefined || asked ? `${path}?${text}` : path;
      }),
    headers,
    body: route.request?.body?.content[WEIGHTS_TYPE] !== undefined
      ? weights(targets.weightsBytes)
      : bodyOf(route.request?.body?.content["application/json"]?.schema),
    as: fc.constantFrom(
      "nobody",
      "worker",
      "worker",
      "admin",
      "admin",
      "garbage",
    ),
  });
}

function parameter(name: string, targets: Targets): fc.Arbitrary<string> {
  const known = {
    studyId: targets.studyIds,
    trialId: targets.trialIds,
    leaseId: targets.leaseIds,
    workerId: targets.workerIds,
  }[name] ?? [];
  return known.length === 0
    ? fc.oneof(odd, fc.stringMatching(/^[0-9a-f]{64}\.gz$/))
    : often(fc.constantFrom(...known), fc.oneof(odd, fc.uuid()));
}

/** What is a whole escape stays one; the rest is escaped as a client would. */
function encode(text: string): string {
  return /^(%[0-9a-f]{2})+$/i.test(text) || text === "%"
    ? text
    : encodeURIComponent(text.toWellFormed());
}

function queryText(schema: z.ZodType): fc.Arbitrary<string> {
  return fc.oneof(
    fromSchema(schema).map((value) =>
      new URLSearchParams(
        Object.entries(value ?? {}).map(([k, v]) => [k, String(v)]),
      ).toString()
    ),
    fc.dictionary(fc.constantFrom("limit", "offset", "state", "x"), odd)
      .map((fields) => new URLSearchParams(fields).toString()),
    odd.map(encode),
  );
}

const mostly = fc.integer({ min: 0, max: 3 });

/** The first, three times of four. */
function often<T>(first: fc.Arbitrary<T>, second: fc.Arbitrary<T>) {
  return mostly.chain((n) => n === 0 ? second : first);
}

/** Most requests are authorized, to test the code behind that check. */
const headers: fc.Arbitrary<Record<string, string>> = often<
  Record<string, string>
>(
  fc.constant({ "content-type": "application/json" }),
  fc.record({
    "content-type": fc.constantFrom(
      "application/json",
      "application/json; charset=utf-16",
      "text/plain",
      "multipart/form-data",
      "multipart/form-data; boundary=x",
      "application/x-www-form-urlencoded",
      "application/octet-stream",
      "application/JSON;;;=",
    ),
    "swarm-protocol": fc.constantFrom("3", "3", "2", "", "-1", "NaN"),
    origin: fc.constantFrom("http://localhost", "null", "https://evil.example"),
    "if-none-match": fc.constantFrom("*", '"x"', 'W/"x", "y"', ",,,"),
    "accept-encoding": fc.constantFrom("br", "gzip;q=0", "*;q=1.5", "\u00e9,,"),
    "content-length": fc.constantFrom("0", "5", "-1", "1e9", "99999999999"),
    "transfer-encoding": fc.constantFrom("chunked", "gzip"),
    "content-encoding": fc.constantFrom("gzip", "br", "identity"),
    "x-forwarded-for": fc.constantFrom(
      "192.0.2.1",
      "x,,[::1",
      "a".repeat(2000),
    ),
    cookie: fc.constant("a=b; ".repeat(100)),
  }, { requiredKeys: [] }),
);

/** As long as they should be, or cut off, or too long; of any numbers. */
function weights(bytes: number): fc.Arbitrary<FuzzRequest["body"]> {
  const length = fc.oneof(
    { weight: 3, arbitrary: fc.constant(bytes) },
    fc.constantFrom(0, 1, bytes - 4, bytes - 1, bytes + 1, 2 * bytes),
    fc.nat({ max: bytes }),
  );
  const number = fc.oneof(
    fc.constantFrom(0, NaN, Infinity, -Infinity, 3.4e38, 1e-45),
    fc.float(),
  );
  return fc.oneof(
    { weight: 1, arbitrary: fc.constant(null) },
    {
      weight: 9,
      arbitrary: fc.tuple(length, number).map(([length, value]) => {
        const all = new Float32Array(Math.ceil(length / 4)).fill(value);
        return new Uint8Array(all.buffer, 0, length);
      }),
    },
  );
}

function bodyOf(
  schema: z.ZodType | undefined,
): fc.Arbitrary<FuzzRequest["body"]> {
  const anything = fc.oneof(
    fc.constant(null),
    fc.uint8Array({ maxLength: 200 }),
    fc.json({ maxDepth: 5 }).map(bytesOf),
    fc.constantFrom(2, 50, 5000, 100_000)
      .map((depth) => bytesOf("[".repeat(depth) + "]".repeat(depth))),
    fc.constantFrom(2, 50, 5000)
      .map((depth) => bytesOf('{"a":'.repeat(depth) + "1" + "}".repeat(depth))),
    fc.constantFrom(
      "",
      "null",
      "[]",
      "{",
      '"',
      "NaN",
      "1e999",
      "\uFEFF{}",
      '{"__proto__":{"x":1}}',
    )
      .map(bytesOf),
    // Larger than what is taken.
    fc.constant(new Uint8Array(1_100_000).fill(32)),
  );
  if (schema === undefined) return often(fc.constant(null), anything);
  const valid = fromSchema(schema);
  const fits = valid.map((value) => bytesOf(text(value)));
  return fc.oneof(
    { weight: 4, arbitrary: fits },
    { weight: 4, arbitrary: mutated(valid).map((v) => bytesOf(text(v))) },
    // Cut off, or with a byte that is no UTF-8.
    {
      weight: 1,
      arbitrary: fc.tuple(fits, fc.double({ min: 0, max: 1, noNaN: true }))
        .map(([bytes, share]) => bytes.slice(0, bytes.length * share)),
    },
    {
      weight: 1,
      arbitrary: fc.tuple(fits, fc.nat()).map(([bytes, at]) => {
        const broken = bytes.slice();
        if (broken.length > 0) broken[at % broken.length] = 0xff;
        return broken;
      }),
    },
    {
      weight: 1,
      arbitrary: fits.map((bytes) => {
        const wide = new Uint8Array(2 * bytes.length);
        bytes.forEach((byte, i) => wide[2 * i] = byte);
        return wide;
      }),
    },
    { weight: 2, arbitrary: anything },
  );
}

/** JSON, also of what JSON has no word for. */
function text(value: unknown): string {
  return JSON.stringify(value) ?? "undefined";
}

const poison = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    -1,
    0,
    0.5,
    1e308,
    -1e308,
    Number.MAX_SAFE_INTEGER + 1,
    5e-324,
    "",
    "\u0000",
    "\uD800",
    "\u202Etxt",
    "x".repeat(100_000),
    [],
    {},
    null,
    true,
  ),
);

/** A valid value with one of its parts replaced, left out or doubled. */
function mutated(valid: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.tuple(
    valid,
    fc.nat(),
    poison,
    fc.constantFrom("set", "drop", "add"),
  )
    .map(([value, place, instead, how]) => {
      const paths = [...pathsOf(value)];
      const path = paths[place % paths.length] ?? [];
      return changed(structuredClone(value), path, how, instead);
    });
}

function* pathsOf(value: unknown, at: string[] = []): Generator<string[]> {
  yield at;
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* pathsOf(inner, [...at, key]);
  }
}

function changed(
  root: unknown,
  path: readonly string[],
  how: string,
  instead: unknown,
): unknown {
  const key = path.at(-1);
  if (key === undefined) return instead;
  let parent: unknown = root;
  for (const step of path.slice(0, -1)) {
    parent = Reflect.get(Object(parent), step);
  }
  const object = Object(parent);
  if (how === "drop") Reflect.deleteProperty(object, key);
  else Reflect.set(object, how === "add" ? `${key}2` : key, instead);
  return root;
}

/** To no route at all. */
const strayRequest: fc.Arbitrary<FuzzRequest> = fc.record({
  method: fc.constantFrom("GET", "POST", "DELETE", "HEAD", "OPTIONS"),
  path: fc.oneof(
    fc.constantFrom(
      "/",
      "/join",
      "/api",
      "/openapi.json",
      "/api/page/start.js",
      "/api/page/..%2fx",
      "//api//workers",
      "/api/workers/",
    ),
    fc.array(odd, { maxLength: 4 }).map((parts) =>
      `/${parts.map(encode).join("/")}`
    ),
  ),
  headers,
  body: fc.constant(null),
  as: fc.constantFrom("nobody", "worker", "admin", "garbage"),
});
