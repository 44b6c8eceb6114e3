/**
 * The kernels' two WebAssembly builds: one with the fused multiply-add of
 * relaxed SIMD, one with standard SIMD.
 */
export type KernelVariant = "relaxed" | "plain";

/** The bytes of a build of the kernels. */
export interface KernelCode {
  readonly bytes: BufferSource;
  readonly variant: KernelVariant;
}

/** The better build that this engine can run, or null if it has no SIMD. */
export function detectSimd(): KernelVariant | null {
  if (typeof WebAssembly === "undefined") return null;
  const splat = [0x41, 0x00, 0xfd, 0x11]; // i32.const 0, i32x4.splat
  const multiplyAdd = [0xfd, 0x85, 0x02]; // f32x4.relaxed_madd
  if (WebAssembly.validate(probe([splat, splat, splat, multiplyAdd].flat()))) {
    return "relaxed";
  }
  return WebAssembly.validate(probe(splat)) ? "plain" : null;
}

/** A module with one function, which returns the vector on its stack. */
function probe(body: readonly number[]): Uint8Array<ArrayBuffer> {
  const code = [0x00, ...body, 0x0b];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b], // type () -> v128
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, code.length + 2, 0x01, code.length, ...code],
  ]);
}

/** Whether this processor rounds relaxed SIMD's a * b + c once, not twice. */
function roundsOnce(): boolean {
  // (1 + 2^-12)^2 - (1 + 2^-11) is 2^-24; it is lost if the square is rounded.
  const splats = [1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11)].flatMap((x) => [
    0x43, // f32.const
    ...new Uint8Array(Float32Array.of(x).buffer),
    ...[0xfd, 0x13], // f32x4.splat
  ]);
  const code = [
    0x00,
    ...splats,
    ...[0xfd, 0x85, 0x02], // f32x4.relaxed_madd
    ...[0xfd, 0x1f, 0x00], // f32x4.extract_lane 0
    0x0b,
  ];
  const module = new WebAssembly.Module(Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7d], // type () -> f32
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x07, 0x05, 0x01, 0x01, 0x66, 0x00, 0x00], // export "f"
    ...[0x0a, code.length + 2, 0x01, code.length, ...code],
  ]));
  const { f } = new WebAssembly.Instance(module).exports;
  return typeof f === "function" && f() !== 0;
}

/**
 * The backend's description of itself. Devices with the same description
 * compute the same bits. The processor decides how often relaxed SIMD rounds,
 * so the description includes that.
 */
export function describeVariant(variant: KernelVariant): string {
  switch (variant) {
    case "relaxed":
      return roundsOnce()
        ? "WebAssembly relaxed SIMD"
        : "WebAssembly relaxed SIMD, rounding twice";
    case "plain":
      return "WebAssembly SIMD";
    default:
      return variant satisfies never;
  }
}

/**
 * Fetches a build for this engine from `folder`, an address ending in a slash
 * under which `kernels.relaxed.wasm` and `kernels.plain.wasm` are served.
 *
 * @returns null where the engine has no SIMD
 * @throws Error if the file cannot be fetched
 */
export async function loadKernels(folder: string): Promise<KernelCode | null> {
  const variant = detectSimd();
  if (variant === null) return null;
  const address = `${folder}${kernelFileName(variant)}`;
  const response = await fetch(address);
  if (!response.ok) {
    throw new Error(`simd kernels: ${address} answered ${response.status}`);
  }
  return { bytes: await response.arrayBuffer(), variant };
}

export function kernelFileName(variant: KernelVariant): string {
  return `kernels.${variant}.wasm`;
}

/** The kernels' functions, described in `assembly/`. */
export interface KernelExports {
  scratchEnd(): number;
  multiply(
    a: number,
    aStride: number,
    aTransposed: number,
    b: number,
    bStride: number,
    bTransposed: number,
    c: number,
    cStride: number,
    cTransposed: number,
    rows: number,
    depth: number,
    columns: number,
    alike: number,
    fresh: number,
  ): void;
  takeSteps(): number;
  seedMask(
    k0: number,
    k1: number,
    k2: number,
    k3: number,
    step: number,
    epoch: number,
  ): void;
  applyMask(
    x: number,
    y: number,
    size: number,
    threshold: number,
    scale: number,
    relu: number,
  ): void;
  add(a: number, b: number, out: number, size: number): void;
  subtract(a: number, b: number, out: number, size: number): void;
  times(a: number, b: number, out: number, size: number): void;
  scale(
    a: number,
    factor: number,
    term: number,
    out: number,
    size: number,
  ): void;
  addRow(
    a: number,
    row: number,
    out: number,
    rows: number,
    columns: number,
  ): void;
  relu(a: number, out: number, size: number): void;
  step(a: number, alpha: number, out: number, size: number): void;
  passWherePositive(
    dy: number,
    y: number,
    factor: number,
    out: number,
    size: number,
  ): void;
  descend(
    w: number,
    dw: number,
    rate: number,
    decay: number,
    size: number,
  ): void;
  repeatRow(row: number, out: number, rows: number, columns: number): void;
  sumRows(a: number, out: number, rows: number, columns: number): void;
  transpose(a: number, out: number, rows: number, columns: number): void;
  countPairs(a: number, size: number): number;
  bytesToUnit(bytes: number, out: number, size: number): void;
  argMax(a: number, out: number, rows: number, columns: number): void;
  softmaxCrossEntropy(
    logits: number,
    labels: number,
    stats: number,
    out: number,
    rows: number,
    classes: number,
    gradient: number,
  ): void;
  fillZero(at: number, length: number): void;
  multiplyAdds(rounds: number, factor: number, term: number): number;
}

/** Compiled kernels with the memory that they work in. */
export interface Kernels {
  readonly call: KernelExports;
  readonly memory: WebAssembly.Memory;
  readonly variant: KernelVariant;
}

/** @throws Error if the bytes are another module */
export async function instantiateKernels(code: KernelCode): Promise<Kernels> {
  const memory = new WebAssembly.Memory({ initial: 256 });
  const { instance } = await WebAssembly.instantiate(code.bytes, {
    env: { memory },
  });
  if (!hasKernels(instance.exports)) {
    throw new Error("simd kernels: not the expected module; build it again");
  }
  return { call: { ...instance.exports }, memory, variant: code.variant };
}

function hasKernels(
  exports: WebAssembly.Exports,
): exports is WebAssembly.Exports & KernelExports {
  return "multiply" in exports && "softmaxCrossEntropy" in exports;
}
