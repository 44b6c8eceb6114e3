import type { SecretName, Storage } from "../../storage/storage.ts";
import { hashSecret, secretFits } from "../../service/token.ts";

/** The coordinator's secrets; only their hashes are stored. */

/** Checks what the bearer of a secret may do. */
export interface Secrets {
  isAdmin(token: string): boolean;
  /** Whether the bearer may join; `undefined` suffices without a join code. */
  mayJoin(code: string | undefined): boolean;
}

/** Secrets, with the new ones in clear text to show once. */
export interface OpenedSecrets extends Secrets {
  /** Null if it was shown at an earlier start: only its hash is known. */
  readonly adminToken: string | null;
  /** Null if none is required or only its hash is known. */
  readonly joinCode: string | null;
  /** A join code for this process's own workers; never stored. */
  readonly ownJoinCode: string | undefined;
  /**
   * Remembers that the new secrets were shown. Until then nobody knows them, so
   * the next start makes and shows others.
   */
  shown(): Promise<void>;
  /** Reads secrets again that another coordinator may have replaced. */
  refresh(): Promise<void>;
}

export interface SecretOptions {
  /** Stores the hashes between starts. */
  readonly store: Pick<Storage, "secret" | "keepSecret" | "alone">;
  /** Cryptographically random bytes. */
  readonly bytes: (count: number) => Uint8Array;
  /** The join code that volunteers need; true: generate one. */
  readonly joinCode?: string | true | undefined;
  /** Replaces the stored secrets by new ones. */
  readonly renew?: boolean | undefined;
}

const ADMIN = "admin.";
const SECRET_BYTES = 32;

/** Stands behind the stored hash of a secret that was not shown yet. */
const UNSHOWN = "?";
const withoutMark = (stored: string) => stored.replace(UNSHOWN, "");

/** Reads the stored hashes and generates missing secrets. */
export async function openSecrets(
  { store, bytes, joinCode, renew = false }: SecretOptions,
): Promise<OpenedSecrets> {
  const make = () => base64Url(bytes(SECRET_BYTES));
  const unshown = new Map<SecretName, string>();
  const storedHash = async (name: SecretName) => {
    const stored = await store.secret(name);
    return stored === null ? null : withoutMark(stored);
  };
  const kept = async (name: SecretName) => {
    const secret = (name === "admin" ? ADMIN : "") + make();
    const made = hashSecret(secret) + UNSHOWN;
    let stored = await store.keepSecret(name, made, renew);
    // Another coordinator that is running now may still show its own.
    if (stored !== made && stored.endsWith(UNSHOWN) && await store.alone()) {
      stored = await store.keepSecret(name, made, true);
    }
    const hash = withoutMark(stored);
    if (stored !== made) return { hash, secret: null };
    unshown.set(name, made);
    return { hash, secret };
  };
  const admin = await kept("admin");
  const own = make();
  const join = joinCode === undefined
    ? null
    : joinCode === true
    ? await kept("join")
    : { hash: hashSecret(joinCode), secret: joinCode };
  const ownHash = hashSecret(own);
  let adminHash = admin.hash;
  let joinHash = join?.hash ?? null;
  return {
    adminToken: admin.secret,
    joinCode: join?.secret ?? null,
    ownJoinCode: join === null ? undefined : own,
    async shown() {
      for (const [name, made] of unshown) {
        // Another coordinator may have replaced it meanwhile.
        if (await store.secret(name) === made) {
          await store.keepSecret(name, withoutMark(made), true);
        }
        unshown.delete(name);
      }
    },
    async refresh() {
      adminHash = await storedHash("admin") ?? adminHash;
      if (joinCode === true) joinHash = await storedHash("join") ?? joinHash;
    },
    isAdmin: (token) => secretFits(token, adminHash),
    mayJoin(code) {
      if (joinHash === null) return true;
      // Always compares both, so the time does not show which one matched.
      const fits = [joinHash, ownHash]
        .map((hash) => secretFits(code ?? "", hash));
      return code !== undefined && fits.includes(true);
    },
  };
}

/** The token of an `Authorization: Bearer …` header, of any kind. */
export function bearerToken(header: string | undefined): string | null {
  return /^bearer ([\w.-]{1,200})$/i.exec(header ?? "")?.[1] ?? null;
}

/** Whether an `Authorization` header has the admin token. */
export function isOperator(
  header: string | undefined,
  secrets: Secrets | undefined,
): boolean {
  const token = bearerToken(header);
  return token !== null && secrets?.isAdmin(token) === true;
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-")
    .replaceAll("/", "_").replace(/=+$/, "");
}
