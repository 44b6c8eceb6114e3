import { WorkerId } from "../../protocol/ids.ts";
import { sha256OfText } from "./sha256.ts";

/** Bytes of a token's secret part: 256 bits. */
export const SECRET_BYTES = 32;

/** A worker's credentials, sent with every call. */
export interface Token {
  readonly workerId: WorkerId;
  readonly secret: string;
}

/**
 * The id of the worker with this secret, so that who registers twice with the
 * same secret is the same worker, and nobody can ask for another worker's id.
 */
export function workerIdOf(secret: string): WorkerId {
  const hex = sha256OfText(`worker ${secret}`);
  // RFC 9562: version 8, variant 10.
  return WorkerId.parse(
    [
      hex.slice(0, 8),
      hex.slice(8, 12),
      `8${hex.slice(12, 15)}`,
      `8${hex.slice(15, 18)}`,
      hex.slice(18, 30),
    ].join("-"),
  );
}

/** The token in text form: `<worker id>.<secret>`. */
export function formatToken({ workerId, secret }: Token): string {
  return `${workerId}.${secret}`;
}

const SECRET = /^[0-9a-f]{64}$/;

/** Parses `Authorization: Bearer …`; null if it has no worker token. */
export function parseAuthorization(header: string | undefined): Token | null {
  const [scheme, token, ...rest] = header?.split(" ") ?? [];
  if (scheme?.toLowerCase() !== "bearer" || rest.length > 0) return null;
  const [id, secret, ...more] = token?.split(".") ?? [];
  const workerId = WorkerId.safeParse(id);
  if (!workerId.success || secret === undefined || more.length > 0) return null;
  return SECRET.test(secret) ? { workerId: workerId.data, secret } : null;
}

/** The only form in which a secret is stored: SHA-256 in hexadecimal. */
export const hashSecret: (secret: string) => string = sha256OfText;

/** Whether the secret has this hash, compared in constant time. */
export function secretFits(secret: string, hash: string): boolean {
  const mine = hashSecret(secret);
  let differing = mine.length ^ hash.length;
  for (let i = 0; i < mine.length; i++) {
    differing |= mine.charCodeAt(i) ^ hash.charCodeAt(i);
  }
  return differing === 0;
}
