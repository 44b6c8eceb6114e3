import { messageOf } from "../../protocol/error_text.ts";
import type { FetchProgress } from "../data/fetch_dataset.ts";
import type { SessionEnd, SessionEvent } from "../session/session_types.ts";
import { runWorker, type WorkerOptions } from "./deno_worker.ts";
import { onStrayError } from "./stop_signals.ts";

/**
 * The thread in which the `join` command talks with its coordinator;
 * `session_host.ts` starts it with no more permissions than that needs.
 */

/** What can be sent to a thread of the options of a worker. */
export type SessionSettings = Omit<
  WorkerOptions,
  "signal" | "onEvent" | "onData" | "log"
>;

export type ToSession =
  | { readonly type: "join"; readonly settings: SessionSettings }
  /** Hand the leases back and end. */
  | { readonly type: "leave" };

export type FromSession =
  /** The thread has loaded all that it needs. */
  | { readonly type: "ready" }
  | { readonly type: "event"; readonly event: SessionEvent }
  | { readonly type: "data"; readonly progress: FetchProgress }
  | { readonly type: "line"; readonly text: string }
  | {
    readonly type: "end";
    readonly end: SessionEnd;
    /** An error that nothing caught. */
    readonly fault: string | null;
  };

/** The scope of a thread, which the types do not know. */
interface ThreadScope {
  postMessage(message: FromSession): void;
  onmessage: ((event: MessageEvent<ToSession>) => void) | null;
}

const scope = globalThis as unknown as ThreadScope;
const leaving = new AbortController();
let fault: string | null = null;

onStrayError((error) => {
  fault ??= messageOf(error);
  leaving.abort(error);
});

scope.onmessage = ({ data }) => {
  switch (data.type) {
    case "join":
      void join(data.settings);
      return;
    case "leave":
      leaving.abort(new Error("stopped by the user"));
      return;
    default:
      data satisfies never;
  }
};
scope.postMessage({ type: "ready" });

async function join(settings: SessionSettings): Promise<void> {
  const end = await runWorker({
    ...settings,
    signal: leaving.signal,
    onEvent: (event) => scope.postMessage({ type: "event", event }),
    onData: (progress) => scope.postMessage({ type: "data", progress }),
    log: (text) => scope.postMessage({ type: "line", text }),
  });
  scope.postMessage({ type: "end", end, fault });
}
