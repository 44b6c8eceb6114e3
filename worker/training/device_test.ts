import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { startStockBackend } from "../backends/stock.ts";
import {
  BACKEND_TEST,
  testedBackends,
  titled,
} from "../../testing/kernels/backends.ts";
import {
  checkFigures,
  DeviceError,
  type DeviceWatch,
  finishQueued,
  readBack,
  verifyDevice,
  watchDevice,
} from "./device.ts";
import { trainTrial } from "./train.ts";
import { data, hooks, spec } from "../../testing/training.ts";

Deno.test("checkFigures takes what a network can come to, and nothing else", async () => {
  await startStockBackend("cpu");
  // Guessing among four classes, all right, and all wrong by a hair.
  checkFigures({ loss: 100 * Math.log(4), right: 25, count: 100 });
  checkFigures({ loss: -1e-8, right: 100, count: 100 });
  checkFigures({ loss: 100 * Math.LN2, right: 0, count: 100 });
  for (
    const figures of [
      { loss: 0, right: 0, count: 100 },
      { loss: 10, right: 50, count: 100 },
      { loss: 300, right: 101, count: 100 },
      { loss: 300, right: -1, count: 100 },
      { loss: 300, right: 2.5, count: 100 },
      { loss: -1, right: 100, count: 100 },
    ]
  ) assert.throws(() => checkFigures(figures), DeviceError);
});

for (const tested of await testedBackends()) {
  const { backend, start, skip } = tested;
  Deno.test({
    ...BACKEND_TEST,
    name: titled(`verifyDevice finds nothing wrong with ${backend}`, tested),
    ignore: skip !== undefined,
    fn: async () => {
      await start();
      const before = tf.memory().numTensors;
      await verifyDevice();
      assert.equal(tf.memory().numTensors, before);
    },
  });
}

/** Has cpu watched like a device, until the watch is taken off again. */
async function watched(
  watch: DeviceWatch,
  run: () => Promise<void>,
): Promise<void> {
  await startStockBackend("cpu");
  watchDevice("cpu", watch);
  try {
    await run();
  } finally {
    const fine = { ...watch, lost: () => null, onLost: () => () => {} };
    watchDevice("cpu", { ...fine, finished: () => Promise.resolve() });
  }
}

Deno.test("readBack and finishQueued on a device that was lost say so", async () => {
  const gone: DeviceWatch = {
    lost: () => "unplugged",
    onLost: () => () => {},
    finished: () => Promise.reject(new Error("asked all the same")),
  };
  const x = tf.tensor1d([1]);
  const lost = {
    name: "DeviceError",
    message: "the device of cpu was lost: unplugged",
  };
  await watched(gone, async () => {
    await assert.rejects(readBack(x), lost);
    await assert.rejects(async () => await finishQueued(), lost);
    await assert.rejects(trainTrial(spec(), data, hooks({ tick: 50 })), lost);
  });
  x.dispose();
});

Deno.test("finishQueued does not wait for a device that is lost meanwhile", async () => {
  let reason: string | null = null;
  const listeners = new Set<(why: string) => void>();
  await watched({
    lost: () => reason,
    onLost: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    finished: () => new Promise(() => {}),
  }, async () => {
    const waiting = finishQueued();
    reason = "unplugged";
    for (const listener of listeners) listener(reason);
    await assert.rejects(async () => await waiting, { name: "DeviceError" });
    assert.equal(listeners.size, 0);
  });
});

/** A device that says that it is well, and nothing more. */
const silent: DeviceWatch = {
  lost: () => null,
  onLost: () => () => {},
  finished: () => Promise.resolve(),
};

/** As a browser rejects a reading whose device is being lost. */
const unmapped = () =>
  new DOMException("Buffer was unmapped before mapping was resolved.");

Deno.test("trainTrial: a reading that fails before the device says that it is lost is the device's", async () => {
  await watched(silent, async () => {
    const backend = tf.backend();
    const { read } = backend;
    backend.read = () => Promise.reject(unmapped());
    try {
      await assert.rejects(trainTrial(spec(), data, hooks()), {
        name: "DeviceError",
        message: "cpu cannot compute a known result: " +
          "Buffer was unmapped before mapping was resolved.",
      });
    } finally {
      backend.read = read;
    }
  });
});

Deno.test("trainTrial: a call that fails as the network is made is the device's, too", async () => {
  await watched(silent, async () => {
    const backend = tf.backend();
    const { write } = backend;
    backend.write = () => {
      throw new RangeError("createBuffer failed");
    };
    try {
      await assert.rejects(trainTrial(spec(), data, hooks()), {
        name: "DeviceError",
        message: "cpu cannot compute a known result: createBuffer failed",
      });
    } finally {
      backend.write = write;
    }
  });
});

Deno.test("trainTrial: an error on a device that computes as it should is its own", async () => {
  await watched(silent, async () => {
    const own = new RangeError("a program that goes wrong");
    const broken = hooks();
    broken.onEpoch = () => {
      throw own;
    };
    await assert.rejects(
      trainTrial(spec(), data, broken),
      (error) => error === own,
    );
  });
});

const webgpu = (await testedBackends()).find((tested) =>
  tested.backend === "webgpu"
);

Deno.test({
  ...BACKEND_TEST,
  name: "trainTrial reads back from a GPU once an epoch" +
    (webgpu?.skip === undefined ? "" : ` (skipped: ${webgpu.skip})`),
  ignore: webgpu?.skip !== undefined,
  fn: async () => {
    await webgpu?.start();
    const { mapAsync } = GPUBuffer.prototype;
    let readings = 0;
    GPUBuffer.prototype.mapAsync = function (mode, ...rest) {
      if (mode === GPUMapMode.READ) readings++;
      return mapAsync.call(this, mode, ...rest);
    };
    try {
      // Pauses at every other step: reading would show.
      const on = hooks({ backend: "webgpu", tick: 60 });
      const result = await trainTrial(spec(), data, on);
      assert.equal(result?.epochs.length, 3);
      assert.ok(on.pauses() > 20);
      assert.equal(readings, 3);
    } finally {
      GPUBuffer.prototype.mapAsync = mapAsync;
    }
  },
});
