import v8 from "node:v8";
import vm from "node:vm";

v8.setFlagsFromString("--expose-gc");
const collect: () => void = vm.runInNewContext("gc");

/** Collects garbage: afterwards a `WeakRef` says what is still being held. */
export async function collectGarbage(): Promise<void> {
  // What a turn looked at through a `WeakRef` stays until the turn is over.
  await new Promise((resolve) => setTimeout(resolve, 0));
  collect();
}
