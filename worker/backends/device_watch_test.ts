import assert from "node:assert/strict";
import { createDeviceWatch } from "./gpu_kernels.ts";

const finished = () => Promise.resolve();

Deno.test("createDeviceWatch tells each listener once, about the first loss", () => {
  const { watch, tell } = createDeviceWatch(finished);
  const heard: string[] = [];
  watch.onLost((why) => heard.push(`one: ${why}`));
  watch.onLost((why) => heard.push(`two: ${why}`));
  assert.equal(watch.lost(), null);
  tell("unplugged");
  tell("again");
  assert.equal(watch.lost(), "unplugged");
  assert.deepEqual(heard, ["one: unplugged", "two: unplugged"]);
});

Deno.test("createDeviceWatch immediately tells a listener that is added after the loss", () => {
  const { watch, tell } = createDeviceWatch(finished);
  tell("unplugged");
  const heard: string[] = [];
  watch.onLost((why) => heard.push(why));
  assert.deepEqual(heard, ["unplugged"]);
});

Deno.test("createDeviceWatch does not tell a removed listener", () => {
  const { watch, tell } = createDeviceWatch(finished);
  const heard: string[] = [];
  watch.onLost((why) => heard.push(why))();
  tell("unplugged");
  assert.deepEqual(heard, []);
});

Deno.test("createDeviceWatch asks the device, and a lost device stays lost", () => {
  let gone = false;
  const { watch } = createDeviceWatch(finished, () => gone);
  const heard: string[] = [];
  watch.onLost((why) => heard.push(why));
  assert.equal(watch.lost(), null);
  gone = true;
  assert.equal(watch.lost(), "the device reports that it is lost");
  gone = false;
  assert.equal(watch.lost(), "the device reports that it is lost");
  assert.deepEqual(heard, ["the device reports that it is lost"]);
});
