/** A thread's calls of its GPU, counted at the real interfaces' methods. */
export interface GpuCounts {
  /** Dispatches of WebGPU, draw calls of WebGL. */
  readonly dispatches: number;
  readonly bytesUploaded: number;
  readonly readings: number;
  readonly bytesReadBack: number;
}

export const noCounts: GpuCounts = {
  dispatches: 0,
  bytesUploaded: 0,
  readings: 0,
  bytesReadBack: 0,
};

const counts = { ...noCounts };

/** All calls since {@link countGpuCalls}. */
export const gpuCounts = (): GpuCounts => ({ ...counts });

export function difference(after: GpuCounts, before: GpuCounts): GpuCounts {
  return {
    dispatches: after.dispatches - before.dispatches,
    bytesUploaded: after.bytesUploaded - before.bytesUploaded,
    readings: after.readings - before.readings,
    bytesReadBack: after.bytesReadBack - before.bytesReadBack,
  };
}

/** Counts from now on, in this thread. Call it before a GPU is used. */
export function countGpuCalls(): void {
  if (typeof GPUDevice === "function") countWebGpu();
  if (typeof WebGL2RenderingContext === "function") countWebGl();
}

/** Counts every call of a method, then makes the call. */
function tap(
  prototype: object,
  method: string,
  count: (args: readonly unknown[], self: unknown) => void,
): void {
  const original: unknown = Reflect.get(prototype, method);
  if (typeof original !== "function") {
    throw new Error(
      `bench gpu: the GPU interface has no such method: ${method}`,
    );
  }
  Reflect.set(prototype, method, function (this: unknown, ...args: unknown[]) {
    count(args, this);
    return Reflect.apply(original, this, args);
  });
}

function upload(bytes: number): void {
  counts.bytesUploaded += bytes;
}

function readBack(bytes: number): void {
  counts.readings++;
  counts.bytesReadBack += bytes;
}

/** Bytes of a typed array, or of a plain array with four bytes a number. */
function bytesOf(values: unknown): number {
  if (ArrayBuffer.isView(values) || values instanceof ArrayBuffer) {
    return values.byteLength;
  }
  return Array.isArray(values) ? 4 * values.length : 0;
}

function countWebGpu(): void {
  tap(GPUComputePassEncoder.prototype, "dispatchWorkgroups", () => {
    counts.dispatches++;
  });
  tap(GPUQueue.prototype, "writeBuffer", ([, , values, , size]) => {
    upload(typeof size === "number" ? size : bytesOf(values));
  });
  // Such a buffer is filled before the device gets it.
  tap(GPUDevice.prototype, "createBuffer", ([descriptor]) => {
    const { mappedAtCreation, size } = descriptor as GPUBufferDescriptor;
    if (mappedAtCreation) upload(size);
  });
  tap(GPUBuffer.prototype, "mapAsync", ([mode], buffer) => {
    if (mode === GPUMapMode.READ) readBack((buffer as GPUBuffer).size);
  });
}

function countWebGl(): void {
  const { prototype } = WebGL2RenderingContext;
  for (const method of ["drawElements", "drawArrays"]) {
    tap(prototype, method, () => counts.dispatches++);
  }
  for (const method of ["texImage2D", "texSubImage2D"]) {
    tap(prototype, method, (args) => upload(bytesOf(args.at(-1))));
  }
  for (const length of [1, 2, 3, 4]) {
    for (const type of ["f", "i"]) {
      tap(prototype, `uniform${length}${type}`, () => upload(4 * length));
      tap(
        prototype,
        `uniform${length}${type}v`,
        ([, values]) => upload(bytesOf(values)),
      );
    }
  }
  tap(prototype, "getBufferSubData", ([, , into]) => readBack(bytesOf(into)));
  tap(prototype, "readPixels", (args) => {
    // With an offset, the pixels go to a buffer on the device: no read back.
    if (ArrayBuffer.isView(args.at(-1))) readBack(bytesOf(args.at(-1)));
  });
}
