/** Memory grows by at least this many bytes at a time. */
const GROWTH = 4 << 20;
const PAGE = 65_536;
/**
 * Padding after each block: kernels read and write whole vectors and may go
 * past a tensor's end by up to one row of a panel.
 */
const SLACK = 128;

/**
 * Allocates blocks of a WebAssembly memory. A freed block is reused by the next
 * request of its size class, so a program that repeats the same requests in
 * each step stops growing after the first step.
 */
export class Arena {
  readonly #memory: WebAssembly.Memory;
  readonly #free = new Map<number, number[]>();
  #next: number;
  #used = 0;

  /** @param start first byte that may be allocated */
  constructor(memory: WebAssembly.Memory, start: number) {
    this.#memory = memory;
    this.#next = align(start);
  }

  /** Requested bytes of all blocks in use. */
  get usedBytes(): number {
    return this.#used;
  }

  /** Bytes of the whole memory. */
  get totalBytes(): number {
    return this.#memory.buffer.byteLength;
  }

  /**
   * Allocates a block of at least `bytes` at an address divisible by 64, not
   * cleared. May grow the memory, which detaches every view.
   *
   * @throws RangeError if the engine cannot provide more memory
   */
  allocate(bytes: number): number {
    this.#used += bytes;
    const size = sizeClass(bytes + SLACK);
    const reused = this.#free.get(size)?.pop();
    if (reused !== undefined) return reused;
    const at = this.#next;
    this.#next += size;
    const missing = this.#next + PAGE - this.totalBytes;
    if (missing > 0) {
      try {
        this.#memory.grow(Math.ceil(Math.max(missing, GROWTH) / PAGE));
      } catch (cause) {
        this.#next = at;
        this.#used -= bytes;
        throw new RangeError(
          `simd memory: cannot grow beyond ${this.totalBytes} bytes`,
          { cause },
        );
      }
    }
    return at;
  }

  /** Frees the block at `address` that was requested with `bytes`. */
  release(address: number, bytes: number): void {
    this.#used -= bytes;
    const size = sizeClass(bytes + SLACK);
    const free = this.#free.get(size);
    if (free === undefined) this.#free.set(size, [address]);
    else free.push(address);
  }
}

/** Eight size classes between two powers of two, each divisible by 64. */
function sizeClass(bytes: number): number {
  if (bytes <= 512) return align(bytes);
  const step = 2 ** Math.max(6, Math.floor(Math.log2(bytes - 1)) - 3);
  return Math.ceil(bytes / step) * step;
}

function align(bytes: number): number {
  return Math.ceil(bytes / 64) * 64;
}
