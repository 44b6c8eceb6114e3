/** What a file is that is no IDX file, and what to do with it. */

/** Bytes of a file's start that tell what it is. */
export const HEAD = 264;

interface Kind {
  /** What the file starts with, a character for each byte. */
  readonly starts: readonly string[] | RegExp;
  readonly what: string;
  readonly todo: string;
}

/** What people give instead of an IDX file. */
const KINDS: readonly Kind[] = [
  {
    starts: ["PK\x03\x04", "PK\x05\x06"],
    what: "a zip archive, as .npz files are too",
    todo: "unpack it and give the IDX files in it; write NumPy arrays as IDX",
  },
  {
    starts: ["\x1f\x8b"],
    what: "compressed with gzip twice",
    todo: "decompress it once",
  },
  { starts: ["\x93NUMPY"], what: "a NumPy array", todo: "write it as IDX" },
  {
    starts: ["MATLAB 5"],
    what: "a MATLAB file",
    todo: "write its arrays as IDX",
  },
  {
    starts: ["\x89HDF"],
    what: "an HDF5 file, as new .mat files are",
    todo: "write its arrays as IDX",
  },
  {
    starts: ["PAR1"],
    what: "a Parquet file",
    todo: "write its columns as IDX",
  },
  {
    starts: ["\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05"],
    what: "a Python pickle",
    todo: "write its arrays as IDX",
  },
  {
    starts: ["BZh", "\xfd7zXZ", "\x28\xb5\x2f\xfd", "7z\xbc\xaf", "Rar!"],
    what: "compressed, but not with gzip",
    todo: "decompress it",
  },
  {
    starts: /^.{257}ustar/s,
    what: "a tar archive",
    todo: "unpack it and give the IDX files in it",
  },
  {
    starts: ["\x89PNG", "\xff\xd8\xff", "GIF8"],
    what: "one picture",
    todo: "write all pictures into one IDX file",
  },
  {
    starts: ["version https://git-lfs"],
    what: "a Git LFS pointer, not the file",
    todo: "run git lfs pull where it comes from",
  },
  {
    starts: /^\s*<(!doctype|html|\?xml)/i,
    what: "a web page",
    todo: "open the download address in a browser and see what it answers",
  },
  {
    starts: /^[\s\x20-\x7e]{4}/,
    what: "text, such as CSV",
    todo: "write its columns as IDX",
  },
  {
    starts: ["\x01\x08\0\0", "\x03\x08\0\0"],
    what: "an IDX file with its bytes in the wrong order",
    todo: "write its header with the most significant byte first",
  },
];

/**
 * What a file is that begins like this, and what to do, in words for after its
 * name: "is a zip archive …; unpack it". Null: it begins like an IDX file.
 */
export function notIdx(head: Uint8Array): string | null {
  if (head.length === 0) return "is empty";
  const [first, second, type = 0] = head;
  if (first === 0 && second === 0 && type >= 0x08 && type <= 0x0e) return null;
  const start = Array.from(
    head.subarray(0, HEAD),
    (byte) => String.fromCharCode(byte),
  ).join("");
  const kind = KINDS.find(({ starts }) =>
    starts instanceof RegExp
      ? starts.test(start)
      : starts.some((text) => start.startsWith(text))
  );
  if (kind !== undefined) return `is ${kind.what}; ${kind.todo}`;
  const hex = Array.from(
    head.subarray(0, 4),
    (byte) => byte.toString(16).padStart(2, "0"),
  ).join(" ");
  return `is no IDX file: it begins with the bytes ${hex}, ` +
    "an IDX file of bytes with 00 00 08";
}
