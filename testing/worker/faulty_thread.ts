import "../../worker/trainer/trainer_thread.ts";

/** A trainer thread that a test can make fail. */

/** Messages from a test. */
export type Fault = { readonly fault: "crash" | "hang" | "reject" };

globalThis.addEventListener("message", (event: MessageEvent<unknown>) => {
  const { data } = event;
  if (typeof data !== "object" || data === null || !("fault" in data)) return;
  if (data.fault === "crash") {
    setTimeout(() => {
      throw new Error("out of memory");
    }, 0);
  }
  if (data.fault === "reject") void Promise.reject(new Error("nobody waits"));
  // A loop would go on after `terminate` and take a core from other tests.
  if (data.fault === "hang") {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
});
