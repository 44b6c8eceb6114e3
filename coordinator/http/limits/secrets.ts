import type { SecretName, Storage } from "../../storage/storage.ts";
import { hashSecret, secretFits } from "../../service/token.ts";

/** Secrets as the coordinator keeps them: by the hash alone. */

/** Tells by a secret what its bearer may do. */
export interface Secrets {
  isAdmin(token: string): boolean;
  /** Whether it may join; `undefined` is enough where no code is asked for. */
  mayJoin(code: string | undefined): boolean;
}

/** Secrets with what was made now, which is to be shown once. */
export interface OpenedSecrets extends Secrets {
  /** Null: made at an earlier start, known by its hash alone. */
  readonly adminToken: string | null;
  /** Null where none is asked for, or only its hash is known. */
  readonly joinCode: string | null;
  /** A code for this process's own workers, never stored. */
  readonly ownJoinCode: string | undefined;
  /** Reads again what another coordinator may have replaced. */
  refresh(): Promise<void>;
}

export interface SecretOptions {
  /** Where the hashes are kept from one start to the next. */
  readonly store: Pick<Storage, "secret" | "keepSecret">;
  /** Unpredictable. */
  readonly bytes: (count: number) => Uint8Array;
  /** What volunteers must bring: this, or (true) one that is made here. */
  readonly joinCode?: string | true | undefined;
  /** Makes new ones in place of those that are stored. */
  readonly renew?: boolean | undefined;
}

const ADMIN = "admin.";
const SECRET_BYTES = 32;

/** Reads what is stored, and makes what is missing. */
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
      // Both are compared, whichever fits.
      const fits = [joinHash, ownHash]
        .map((hash) => secretFits(code ?? "", hash));
      return code !== undefined && fits.includes(true);
    },
  };
}

/** The token of an `Authorization: Bearer …` header, whosever it is. */
export function bearerToken(header: string | undefined): string | null {
  return /^bearer ([\w.-]{1,200})$/i.exec(header ?? "")?.[1] ?? null;
}

function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-")
    .replaceAll("/", "_").replace(/=+$/, "");
}
