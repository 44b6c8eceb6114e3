import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";

const encoder = new TextEncoder();

/** SHA-256 in hexadecimal, synchronous, for short texts such as tokens. */
export function sha256OfText(text: string): string {
  return bytesToHex(sha256(encoder.encode(text)));
}

/** SHA-256 in hexadecimal, asynchronous, for megabytes of weights. */
export async function sha256OfBytes(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<string> {
  return bytesToHex(
    new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)),
  );
}
