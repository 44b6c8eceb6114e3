import { generate } from "lean-qr";
import { toSvgPath } from "lean-qr/extras/svg";
import type { ComponentChildren, JSX } from "preact";
import type { StudyId } from "../../protocol/ids.ts";
import type { Params } from "../../protocol/study.ts";
import { commonWords, languageCodes, languages } from "../i18n/language.ts";
import type { Connection } from "../live.ts";
import { Mark } from "./icon.tsx";
import { language, setLanguage, words } from "./language.ts";
import {
  API_PAGE,
  type HeaderPage,
  headerPages,
} from "../../protocol/pages.ts";
import { linkTo, pageLink, pointLink } from "./links.ts";

const headerNames = Object.keys(headerPages) as HeaderPage[];

/** The frame around every page. */
export function Site(
  { page, connection, children }: {
    /** Null for a page without a link in the header. */
    readonly page: HeaderPage | null;
    readonly connection?: Connection;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  const t = words(commonWords);
  return (
    <>
      <a class="skip" href="#content">{t.skipToContent}</a>
      <header class="site-header">
        <div class="bar">
          <a class="brand" href={pageLink("leaderboard")}>
            <Mark />
            <span>{t.product}</span>
          </a>
          <nav aria-label={t.pages}>
            <ul>
              {headerNames.map((name) => (
                <li key={name}>
                  <a
                    href={pageLink(name)}
                    aria-current={page === name ? "page" : undefined}
                  >
                    {t[name]}
                  </a>
                </li>
              ))}
              <li>
                <a href={linkTo(API_PAGE)}>{t.api}</a>
              </li>
            </ul>
          </nav>
          <div class="tools">
            {connection !== undefined && (
              <ConnectionMark connection={connection} />
            )}
            <LanguageSwitch />
          </div>
        </div>
      </header>
      <main id="content" tabIndex={-1}>{children}</main>
      <footer class="site-footer">
        <div class="bar">
          <span>{t.product}</span>
          <span>{t.licence}</span>
        </div>
      </footer>
    </>
  );
}

/** Shows each language by its own name. */
export function LanguageSwitch(): JSX.Element {
  return (
    <fieldset class="languages">
      <legend class="hidden">{words(commonWords).language}</legend>
      {languageCodes.map((name) => (
        <label key={name} lang={languages[name].tag}>
          <input
            type="radio"
            name="language"
            value={name}
            checked={language.value === name}
            onChange={() => setLanguage(name)}
          />
          <span>{languages[name].name}</span>
        </label>
      ))}
    </fieldset>
  );
}

function ConnectionMark(
  { connection }: { readonly connection: Connection },
): JSX.Element {
  return (
    <span class={`connection is-${connection}`} role="status">
      <span class="lamp" aria-hidden="true" />
      <span class="said">{words(commonWords).connection[connection]}</span>
    </span>
  );
}

/** A notice above the content. */
export function Notice(
  { tone, children, action }: {
    readonly tone: "warning" | "plain";
    readonly children: ComponentChildren;
    readonly action?: { readonly label: string; readonly run: () => void };
  },
): JSX.Element {
  return (
    <div class={`notice is-${tone}`} role="status">
      <p>{children}</p>
      {action !== undefined && (
        <button type="button" class="button" onClick={action.run}>
          {action.label}
        </button>
      )}
    </div>
  );
}

/**
 * The name that a worker gives itself or its device. The text is not trusted:
 * its direction does not affect the text around it, and a long one is cut off.
 */
export function Nickname({ text }: { readonly text: string }): JSX.Element {
  return <bdi class="nick" title={text}>{text}</bdi>;
}

/** Links from the leaderboard down to a page, which comes last. */
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

/** Links to a grid point's page; a report on a disk has no such page. */
export function PointAnchor(
  { study, params, children, ...rest }: {
    readonly study: StudyId;
    readonly params: Params;
    readonly children: ComponentChildren;
    readonly class?: string;
    readonly title?: string;
  },
): JSX.Element {
  return location.protocol === "file:"
    ? <span {...rest}>{children}</span>
    : <a href={pointLink(study, params)} {...rest}>{children}</a>;
}

/** A figure with its name, for a row of figures. */
export function Stat(
  { name, note, children }: {
    readonly name: string;
    readonly note?: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  return (
    <div class="stat">
      <dt>{name}</dt>
      <dd>
        <span class="value">{children}</span>
        {note !== undefined && note !== "" && <span class="note">{note}</span>}
      </dd>
    </div>
  );
}

/** A list of names and values. */
export function Facts(
  { rows, ...rest }: {
    readonly rows: readonly (readonly [string, ComponentChildren])[];
    readonly class?: string;
  },
): JSX.Element {
  return (
    <dl {...rest}>
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Width in modules of the empty border that QR code readers need. */
const quiet = 4;

/** A QR code of a link, dark on light in every theme: cameras need that. */
export function QrCode(
  { link, label }: { readonly link: string; readonly label: string },
): JSX.Element {
  const code = generate(link);
  const side = code.size + 2 * quiet;
  return (
    <div class="qr">
      <svg
        viewBox={`${-quiet} ${-quiet} ${side} ${side}`}
        role="img"
        aria-label={label}
        shape-rendering="crispEdges"
      >
        <path d={toSvgPath(code)} fill="currentColor" />
      </svg>
    </div>
  );
}
