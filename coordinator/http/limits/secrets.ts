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
  /** Null if it was made at an earlier start: only its hash is known. */
  readonly adminToken: string | null;
  /** Null if none is required or only its hash is known. */
  readonly joinCode: string | null;
  /** A join code for this process's own workers; never stored. */
  readonly ownJoinCode: string | undefined;
  /** Reads secrets again that another coordinator may have replaced. */
  refresh(): Promise<void>;
}

export interface SecretOptions {
  /** Stores the hashes between starts. */
  readonly store: Pick<Storage, "secret" | "keepSecret">;
  /** Cryptographically random bytes. */
  readonly bytes: (count: number) => Uint8Array;
  /** The join code that volunteers need; true: generate one. */
  readonly joinCode?: string | true | undefined;
  /** Replaces the stored secrets by new ones. */
  readonly renew?: boolean | undefined;
}

const ADMIN = "admin.";
const SECRET_BYTES = 32;

/** Reads the stored hashes and generates missing secrets. */
export async function openSecrets(
  { store, bytes, joinCode, renew = false }: SecretOptions,
): Promise<OpenedSecrets> {
  const make = () => base64Url(bytes(SECRET_BYTES));
  const kept = async (name: SecretName) => {
    const secret = (name === "admin" ? ADMIN : "") + make();
    const made = hashSecret(secret);
    const hash = await store.keepSecret(name, made, renew);
    return { hash, secret: hash === made ? secret : null };
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
    async refresh() {
      adminHash = await store.secret("admin") ?? adminHash;
      if (joinCode === true) joinHash = await store.secret("join") ?? joinHash;
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

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-")
    .replaceAll("/", "_").replace(/=+$/, "");
}
