import { join } from "node:path";
import type { BuildWriter } from "./build_writer.ts";
import { makeListings } from "./lesson/listings.ts";
import { SampleStudy } from "./lesson/sample.ts";

/** JSON that pages fetch, made from the project's own files at build time. */
export type DocumentName =
  /** The committed sample of the study `seed`: {@linkcode SampleStudy}. */
  | "sample"
  /** Source that trains, to be shown: `Listing[]`. */
  | "listings";

/** Writes the documents of the project in `root`; returns their addresses. */
export async function writeDocuments(
  root: string,
  writer: Pick<BuildWriter, "asset">,
): Promise<Readonly<Record<DocumentName, string>>> {
  const read = (file: string) => Deno.readTextFile(join(root, file));
  const write = (name: DocumentName, content: unknown) =>
    writer.asset(
      `${name}.json`,
      new TextEncoder().encode(JSON.stringify(content)),
    );
  // A sample that the page could not read fails the build, not the visitor.
  const sample = SampleStudy.parse({
    about: JSON.parse(await read("docs/samples/seed.about.json")),
    leaderboard: JSON.parse(await read("docs/samples/seed.json")),
  });
  return {
    sample: await write("sample", sample),
    listings: await write("listings", await makeListings(read)),
  };
}
