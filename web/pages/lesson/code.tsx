import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { words } from "../../components/language.ts";
import { lessonWords } from "../../i18n/language.ts";
import * as z from "zod";

/** A listing. `listings.ts` makes them at build time. */
export const Listing = z.strictObject({
  id: z.enum(["dropoutLayer", "forward", "model", "CounterDropout"]),
  /** Its source file, relative to the project's root. */
  file: z.string(),
  /** Styles and pieces of code. Plain text has an empty style. */
  tokens: z.array(z.tuple([z.string(), z.string()])),
});
export type Listing = z.infer<typeof Listing>;

/** A piece of code in one style. */
export type Token = Listing["tokens"][number];

/** The state of the listings on the page. */
export type Listings =
  | { readonly kind: "fetching" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "fetched"; readonly listings: readonly Listing[] };

/** The two versions of the network, side by side. */
export function Code(
  { listings }: { readonly listings: ReadonlySignal<Listings> },
): JSX.Element {
  const t = words(lessonWords).code;
  return (
    <section id="code" aria-labelledby="code-heading" class="is-wide">
      <h2 id="code-heading">{t.heading}</h2>
      <p>{t.intro}</p>
      <div class="versions">
        <div>
          <h3>{t.scratch}</h3>
          <p class="note">{t.scratchNote}</p>
          <Excerpts
            listings={listings.value}
            ids={["dropoutLayer", "forward"]}
          />
        </div>
        <div>
          <h3>{t.concise}</h3>
          <p class="note">{t.conciseNote}</p>
          <Excerpts
            listings={listings.value}
            ids={["model", "CounterDropout"]}
          />
        </div>
      </div>
      <p>{t.same}</p>
    </section>
  );
}

function Excerpts(
  { listings, ids }: {
    readonly listings: Listings;
    readonly ids: readonly Listing["id"][];
  },
): JSX.Element {
  const t = words(lessonWords).code;
  switch (listings.kind) {
    case "fetching":
      return <p class="loading">…</p>;
    case "failed":
      return <p role="alert">{t.failed}: {listings.message}</p>;
    case "fetched":
      return (
        <>
          {listings.listings.filter(({ id }) => ids.includes(id))
            .map((listing) => <Excerpt key={listing.id} listing={listing} />)}
        </>
      );
    default:
      return listings satisfies never;
  }
}

function Excerpt({ listing }: { readonly listing: Listing }): JSX.Element {
  return (
    <figure class="listing">
      <figcaption>
        <code>{listing.file}</code>
      </figcaption>
      <div role="group" aria-label={listing.file} tabIndex={0}>
        <pre translate={false}>
          <code>
            {listing.tokens.map(([style, text], i) =>
              style === "" ? text : <span key={i} class={style}>{text}</span>
            )}
          </code>
        </pre>
      </div>
    </figure>
  );
}

/** A command line that wraps at spaces and not at hyphens. */
export function Command({ line }: { readonly line: string }): JSX.Element {
  return (
    <code class="command">
      {line.split(" ").map((word, i) => (
        <span key={i}>
          {i > 0 && " "}
          <span>{word}</span>
        </span>
      ))}
    </code>
  );
}
