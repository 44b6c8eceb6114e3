import type { Address } from "./addresses.ts";

/** Bytes that may be held at once, in all and for each address. */
export interface ByteBudget {
  /** Reserves bytes; false where the budget is spent. This machine always gets them. */
  take(address: Address, bytes: number): boolean;
  /** Returns reserved bytes. */
  give(address: Address, bytes: number): void;
}

/** A budget of `inAll` bytes, and of `each` for one address. */
export function createByteBudget(inAll: number, each: number): ByteBudget {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    take({ key, local }, bytes) {
      const mine = (taken.get(key) ?? 0) + bytes;
      if (!local && (mine > each || all + bytes > inAll)) return false;
      all += bytes;
      taken.set(key, mine);
      return true;
    },
    give({ key }, bytes) {
      all -= bytes;
      const mine = (taken.get(key) ?? 0) - bytes;
      if (mine > 0) taken.set(key, mine);
      else taken.delete(key);
    },
  };
}
