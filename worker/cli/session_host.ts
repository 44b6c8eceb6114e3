import { fileURLToPath } from "node:url";
import { kernelCache } from "../backends/simd/build.ts";
import { wasmFilesFolder } from "../backends/wasm_files.ts";
import { debianPackages } from "../data/fashion_mnist.ts";
import type { SessionEnd } from "../session/session_types.ts";
import type { WorkerOptions } from "./deno_worker.ts";
import type {
  FromSession,
  SessionSettings,
  ToSession,
} from "./session_thread.ts";

/**
 * The main thread's side of the `join` command. Deno cannot narrow a process's
 * permissions to an address that is only known once it runs, but it can start a
 * thread with fewer. So a thread talks with the coordinator, and this one gives
 * its own permissions up before the first call.
 */

/** What {@link runConfined} adds to the options of a worker. */
export type ConfinedOptions =
  & SessionSettings
  & Required<Pick<WorkerOptions, "signal" | "onEvent" | "onData" | "log">>;

/** How a session ended. */
export interface ConfinedEnd {
  readonly end: SessionEnd;
  /** An error that nothing caught; null without one. */
  readonly fault: string | null;
}

/** Runs a worker in a thread that reaches its coordinator and its cache only. */
export async function runConfined(
  { signal, onEvent, onData, log, ...settings }: ConfinedOptions,
): Promise<ConfinedEnd> {
  const { promise: ended, resolve } = Promise.withResolvers<ConfinedEnd>();
  const thread = new Worker(new URL("session_thread.ts", import.meta.url), {
    type: "module",
    name: "session",
    deno: { permissions: sessionPermissions(settings) },
  });
  const tell = (message: ToSession) => thread.postMessage(message);
  const leave = () => tell({ type: "leave" });
  thread.onmessage = ({ data }: MessageEvent<FromSession>) => {
    switch (data.type) {
      case "ready":
        dropPermissions();
        tell({ type: "join", settings });
        if (signal.aborted) leave();
        signal.addEventListener("abort", leave, { once: true });
        return;
      case "event":
        return onEvent(data.event);
      case "data":
        return onData(data.progress);
      case "line":
        return log(data.text);
      case "end":
        return resolve({ end: data.end, fault: data.fault });
      default:
        data satisfies never;
    }
  };
  thread.onerror = (event) => {
    event.preventDefault();
    const { message } = event;
    const end = { reason: "failed", failure: "other", message } as const;
    resolve({ end, fault: message });
  };
  const end = await ended;
  thread.terminate();
  return end;
}

/** The program itself: Deno reads it when the thread starts trainers. */
const sources = ["../", "../../protocol/"]
  .map((folder) => new URL(folder, import.meta.url));

/** @internal What the thread may do: as much of it as this process may. */
export function sessionPermissions(
  { url, cacheDir }: Pick<SessionSettings, "url" | "cacheDir">,
) {
  const { hostname, port, protocol } = new URL(url);
  const host = `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  const cache = withTarget(cacheDir);
  const read = [
    ...cache,
    ...[kernelCache, wasmFilesFolder(), ...sources]
      .map((folder) => fileURLToPath(folder)),
    ...[...debianPackages.values()].map(({ folder }) => folder),
  ];
  return {
    net: [host].filter((host) => mayDo({ name: "net", host })),
    read: read.filter((path) => mayDo({ name: "read", path })),
    write: cache.filter((path) => mayDo({ name: "write", path })),
    env: false,
    sys: false,
    run: false,
    ffi: false,
    import: false,
  };
}

/** A folder, and where it is if its path is a link. */
function withTarget(path: string): string[] {
  try {
    Deno.mkdirSync(path, { recursive: true });
    return [...new Set([path, Deno.realPathSync(path)])];
  } catch {
    // Without a cache, each visit downloads the data.
    return [path];
  }
}

const mayDo = (permission: Deno.PermissionDescriptor) =>
  Deno.permissions.querySync(permission).state === "granted";

/** Gives up what only the start of the command needs. */
function dropPermissions(): void {
  for (const name of ["net", "read", "write", "sys"] as const) {
    Deno.permissions.revokeSync({ name });
  }
}
