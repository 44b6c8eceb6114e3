import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");

/** Collects garbage: afterwards a `WeakRef` shows what is still referenced. */
export async function collectGarbage(): Promise<void> {
  // An object read through a `WeakRef` lives until the end of the turn.
  await new Promise((resolve) => setTimeout(resolve, 0));
  collect();
}
