import type { Address } from "./addresses.ts";

/** Bytes that are held at once, in all and for one address. */
export interface Room {
  /** Whether there was room, which then is taken; this machine always gets it. */
  take(address: Address, bytes: number): boolean;
  /** Gives back what was taken. */
  give(address: Address, bytes: number): void;
}

/** Room for so many bytes in all, and for so many of each address. */
export function createRoom(inAll: number, each: number): Room {
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
