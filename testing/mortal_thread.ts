import { expose } from "../coordinator/threads/thread_host.ts";

/** A thread that answers, does not answer or dies, depending on the call. */
const api = {
  echo: (text: string) => Promise.resolve(text),
  hang: () => new Promise<string>(() => {}),
  die: () => {
    setTimeout(() => {
      throw new Error("on purpose");
    }, 0);
    return new Promise<string>(() => {});
  },
};

export type MortalApi = typeof api;

expose(api);
