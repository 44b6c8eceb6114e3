/**
 * What the page's side of training uses and browsers of 2023 lack: Safari
 * before 17.4, Firefox before 124, Chrome before 119. To be imported first.
 */

// What the types promise is not there in each of them.
const promises: { withResolvers?: unknown } = Promise;
const signals: { any?: unknown } = AbortSignal;

promises.withResolvers ??= withResolvers;
signals.any ??= anySignal;

export function withResolvers<Value>(): PromiseWithResolvers<Value> {
  let resolve: PromiseWithResolvers<Value>["resolve"] = () => {};
  let reject: PromiseWithResolvers<Value>["reject"] = () => {};
  const promise = new Promise<Value>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  return { promise, resolve, reject };
}

/** Aborted with the first of `signals`, for its reason. */
export function anySignal(signals: Iterable<AbortSignal>): AbortSignal {
  const either = new AbortController();
  for (const signal of signals) {
    if (signal.aborted) {
      either.abort(signal.reason);
      break;
    }
    // Listens no longer than it may still be the first.
    signal.addEventListener("abort", () => either.abort(signal.reason), {
      once: true,
      signal: either.signal,
    });
  }
  return either.signal;
}
