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

Deno.test("checkFigures accepts exactly the figures that a network can produce", async () => {
  await startStockBackend("cpu");
  // Guessing among four classes; all correct; all wrong with the smallest
  // possible loss.
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

/** Registers a device watch for cpu until it is disposed. */
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

Deno.test("readBack and finishQueued reject on a lost device", async () => {
  const gone: DeviceWatch = {
    lost: () => "unplugged",
    onLost: () => () => {},
    finished: () => Promise.reject(new Error("unexpected call")),
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

Deno.test("finishQueued stops waiting if the device is lost meanwhile", async () => {
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

/** A device that never reports a loss. */
const silent: DeviceWatch = {
  lost: () => null,
  onLost: () => () => {},
  finished: () => Promise.resolve(),
};

/** A browser's rejection of a reading while the device is being lost. */
const unmapped = () =>
  new DOMException("Buffer was unmapped before mapping was resolved.");

Deno.test("trainTrial: a reading that fails before the device reports its loss is a DeviceError", async () => {
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

Deno.test("trainTrial: a call that fails while the network is created is a DeviceError too", async () => {
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

Deno.test("trainTrial: an error on a correctly computing device is thrown unchanged", async () => {
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
      // Pauses at every other step, so that additional readings would be
      // counted.
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
