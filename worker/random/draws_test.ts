import assert from "node:assert/strict";
import {
  batchOrder,
  dropoutKey,
  dropoutMask,
  dropThreshold,
  identityOrder,
  initialBiases,
  initialWeights,
} from "./draws.ts";

/**
 * All random numbers here are fixed by their keys, so these tests give the same
 * result each time. A statistic outside its bounds means that the generator or
 * its keys are wrong.
 */
const replicate = { seed: 0, replicate: 0 };
const first = { layer: 0, fanIn: 784, fanOut: 256 };

async function sha256(values: Float32Array | Uint32Array): Promise<string> {
  // A copy, because digest does not accept a view of shared memory.
  const bytes = Uint8Array.from(new Uint8Array(values.buffer));
  const digest = await crypto.subtle.digest("SHA-256", bytes);
  return new Uint8Array(digest).toHex();
}

/** Pearson's correlation. */
function correlation(a: Float32Array, b: Float32Array): number {
  const mean = (v: Float32Array) => v.reduce((s, x) => s + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  a.forEach((x, i) => {
    const y = (b[i] ?? NaN) - mb;
    ab += (x - ma) * y;
    aa += (x - ma) ** 2;
    bb += y ** 2;
  });
  return ab / Math.sqrt(aa * bb);
}

/** log of n! for n = 0 … most. */
function logFactorials(most: number): Float64Array {
  const logs = new Float64Array(most + 1);
  for (let n = 1; n <= most; n++) logs[n] = (logs[n - 1] ?? 0) + Math.log(n);
  return logs;
}
const LOG_FACTORIALS = logFactorials(200_704);

/** Exact: the smaller of P(X <= k) and P(X >= k), X binomial(n, p). */
function binomialTail(n: number, k: number, p: number): number {
  const at = (x: number) =>
    Math.exp(
      (LOG_FACTORIALS[n] ?? NaN) - (LOG_FACTORIALS[x] ?? NaN) -
        (LOG_FACTORIALS[n - x] ?? NaN) + x * Math.log(p) +
        (n - x) * Math.log1p(-p),
    );
  let [low, high] = [0, 0];
  for (let x = 0; x <= k; x++) low += at(x);
  for (let x = k; x <= n; x++) high += at(x);
  return Math.min(low, high);
}

function assertPlausible(n: number, k: number, p: number, what: string) {
  const tail = binomialTail(n, k, p);
  assert(tail > 1e-5, `${what}: ${k} of ${n} at ${p} has probability ${tail}`);
}

Deno.test("initialWeights are normal with the given standard deviation", () => {
  const std = 0.01;
  const weights = initialWeights(replicate, first, std);
  const n = weights.length;
  assert.equal(n, 784 * 256);
  let [m1, m2, m3, m4] = [0, 0, 0, 0];
  let withinOne = 0;
  let beyondThree = 0;
  for (const w of weights) {
    const z = w / std;
    m1 += z / n;
    m2 += z ** 2 / n;
    m3 += z ** 3 / n;
    m4 += z ** 4 / n;
    if (Math.abs(z) < 1) withinOne++;
    if (Math.abs(z) > 3) beyondThree++;
  }
  // Standard errors of a standard normal's first four moments.
  assert(Math.abs(m1) < 4 * Math.sqrt(1 / n), `mean: ${m1}`);
  assert(Math.abs(m2 - 1) < 4 * Math.sqrt(2 / n), `variance: ${m2}`);
  assert(Math.abs(m3) < 4 * Math.sqrt(15 / n), `third moment: ${m3}`);
  assert(Math.abs(m4 - 3) < 4 * Math.sqrt(96 / n), `fourth moment: ${m4}`);
  assertPlausible(n, withinOne, 0.6826894921370859, "within one SD");
  assertPlausible(n, beyondThree, 0.0026997960632601866, "beyond three SD");
});

Deno.test("initialWeights scale with weightStd and nothing else", () => {
  const shape = { layer: 0, fanIn: 8, fanOut: 4 };
  const unit = initialWeights(replicate, shape, 1);
  const four = initialWeights(replicate, shape, 4);
  assert.deepEqual([...four], [...unit].map((w) => 4 * w));
});

Deno.test("initialWeights of other layers, replicates, seeds are independent", () => {
  const base = initialWeights(replicate, first, 1);
  const others = {
    layer: initialWeights(replicate, { ...first, layer: 1 }, 1),
    replicate: initialWeights({ seed: 0, replicate: 1 }, first, 1),
    seed: initialWeights({ seed: 1, replicate: 0 }, first, 1),
  };
  for (const [what, other] of Object.entries(others)) {
    const r = correlation(base, other);
    assert(Math.abs(r) < 4 / Math.sqrt(base.length), `${what}: ${r}`);
  }
  const neighbours = correlation(base.subarray(1), base.subarray(0, -1));
  assert(Math.abs(neighbours) < 4 / Math.sqrt(base.length));
});

Deno.test("initialBiases are uniform between -1/sqrt(fanIn) and 1/sqrt(fanIn)", () => {
  const biases = initialBiases(replicate, {
    layer: 0,
    fanIn: 16,
    fanOut: 60_000,
  });
  const n = biases.length;
  assert(biases.every((b) => Math.abs(b) <= 0.25));
  for (const below of [-0.2, -0.1, 0, 0.1, 0.2]) {
    const count = biases.filter((b) => b < below).length;
    assertPlausible(n, count, (below + 0.25) / 0.5, `below ${below}`);
  }
});

Deno.test("batchOrder is a permutation, new for each epoch and replicate", () => {
  const n = 60_000;
  const order = batchOrder(replicate, 0, n);
  assert.deepEqual(order.slice().sort(), identityOrder(n));
  const others = [
    identityOrder(n),
    batchOrder(replicate, 1, n),
    batchOrder({ seed: 0, replicate: 1 }, 0, n),
    batchOrder({ seed: 1, replicate: 0 }, 0, n),
  ];
  for (const other of others) {
    // Two random permutations agree in about one place (Poisson).
    const agreements = order.filter((x, i) => x === other[i]).length;
    assert(agreements < 10, `${agreements} places agree`);
  }
});

Deno.test("batchOrder makes every permutation equally likely", () => {
  const counts = new Map<string, number>();
  const draws = 24_000;
  for (let epoch = 0; epoch < draws; epoch++) {
    const order = batchOrder(replicate, epoch, 4).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assert.equal(counts.size, 24);
  const expected = draws / 24;
  const chiSquare = [...counts.values()].reduce(
    (sum, count) => sum + (count - expected) ** 2 / expected,
    0,
  );
  // Chi-square with 23 degrees of freedom exceeds 58.6 once in 15,000.
  assert(chiSquare < 58.6, `chi-square: ${chiSquare}`);
});

Deno.test("batchOrder accepts few examples and refuses too many", () => {
  assert.deepEqual([...batchOrder(replicate, 0, 0)], []);
  assert.deepEqual([...batchOrder(replicate, 0, 1)], [0]);
  assert.throws(() => batchOrder(replicate, 0, 2 ** 21 + 1), RangeError);
});

const N = 256 * 256;
const mask = (rate: number, layer = 0, step = 0, epoch = 0, r = replicate) =>
  dropoutMask(dropoutKey(r, layer), { step, epoch }, rate, N);
const dropped = (m: Float32Array) => m.reduce((c, v) => c + Number(v === 0), 0);

Deno.test("dropoutMask drops at the rate and scales what it keeps", () => {
  for (const rate of [0.02, 0.1, 0.2, 0.5, 0.8, 0.98]) {
    const drawn = mask(rate);
    const kept = Math.fround(1 / (1 - rate));
    assert(drawn.every((v) => v === 0 || v === kept));
    assertPlausible(N, dropped(drawn), rate, `rate ${rate}`);
  }
  assert(mask(0).every((v) => v === 1));
  assert(mask(1).every((v) => v === 0));
});

Deno.test("dropoutMask drops each unit at the rate over the steps", () => {
  const rate = 0.3;
  const steps = 1000;
  const counts = new Uint32Array(64);
  for (let step = 0; step < steps; step++) {
    const at = { step, epoch: 2 };
    dropoutMask(dropoutKey(replicate, 1), at, rate, 64).forEach((v, i) => {
      if (v === 0) counts[i] = (counts[i] ?? 0) + 1;
    });
  }
  counts.forEach((c, i) => assertPlausible(steps, c, rate, `unit ${i}`));
});

Deno.test("dropoutMask is independent between layers, steps, epochs, replicates", () => {
  const rate = 0.5;
  const base = mask(rate);
  const others = {
    layer: mask(rate, 1),
    step: mask(rate, 0, 1),
    epoch: mask(rate, 0, 0, 1),
    "step and epoch swapped": mask(rate, 0, 1, 0),
    replicate: mask(rate, 0, 0, 0, { seed: 0, replicate: 1 }),
    seed: mask(rate, 0, 0, 0, { seed: 1, replicate: 0 }),
  };
  for (const [what, other] of Object.entries(others)) {
    const agree = base.reduce((c, v, i) => c + Number(v === other[i]), 0);
    assertPlausible(N, agree, 0.5, what);
  }
});

Deno.test("dropoutMask drops every unit that it drops at a lower rate", () => {
  const low = mask(0.2);
  const high = mask(0.5);
  assert(low.every((v, i) => v !== 0 || high[i] === 0));
  assert(dropped(high) > dropped(low));
});

Deno.test("dropThreshold is the rate in units of 2**-32", () => {
  assert.equal(dropThreshold(0), 0);
  assert.equal(dropThreshold(0.5), 2 ** 31);
  assert.equal(dropThreshold(1), 2 ** 32);
  // 0.2 * 2**32 = 858993459.2
  assert.equal(dropThreshold(0.2), 858_993_459);
});

Deno.test("draws never change: compared with their SHA-256", async () => {
  // An independent NumPy program gave the same hashes, with the inverse
  // distribution function of Python's statistics.NormalDist.
  const someone = { seed: 42, replicate: 3 };
  const shape = { layer: 1, fanIn: 256, fanOut: 256 };
  const key = dropoutKey(someone, 1);
  assert.deepEqual({
    weights: await sha256(initialWeights(someone, shape, 0.01)),
    biases: await sha256(initialBiases(someone, shape)),
    order: await sha256(batchOrder(someone, 9, 60_000)),
    mask: await sha256(dropoutMask(key, { epoch: 9, step: 234 }, 0.3, N)),
  }, {
    weights: "687dba15f8863f3a3b00760ead914b850d74721bc5c9cd66da7a2e0e75fe85a8",
    biases: "4294e6cc988d04fadd106caa13ea306358af23ed44925ba006924d7ec767ec95",
    order: "3e4ca2f491234e4a6aacbdc4ad74fef5ec136f3b5706d6cdad955e93d46730c0",
    mask: "1d0c8d08f7520768f16d32dd964656f2c593c98c26e93c7bce598a72773a2a5c",
  });
});
