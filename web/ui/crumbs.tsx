import type { JSX } from "preact";

/** The way from the leaderboard to a page; the page itself comes last. */
export function Crumbs(
  { label, links, here }: {
    readonly label: string;
    readonly links: readonly { readonly href: string; readonly text: string }[];
    readonly here: string;
  },
): JSX.Element {
  return (
    <nav class="crumbs" aria-label={label}>
      <ol>
        {links.map(({ href, text }) => (
          <li key={href}>
            <a href={href}>{text}</a>
          </li>
        ))}
        <li aria-current="page">{here}</li>
      </ol>
    </nav>
  );
}
