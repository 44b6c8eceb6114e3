import type { ComponentChildren, JSX } from "preact";
import { joinWords } from "../i18n/join_words.ts";
import { formats, words } from "../ui/language.ts";
import type { DeviceLimits } from "./settings.ts";

/** What a person should know before they press Start. */
export function Consent(
  { limits, threads, download, upload }: {
    readonly limits: DeviceLimits;
    readonly threads: number;
    /** Bytes, once; null while unknown. */
    readonly download: number | null;
    /** Bytes, of each trial; null while unknown. */
    readonly upload: number | null;
  },
): JSX.Element {
  const t = words(joinWords).consent;
  return (
    <section class="consent" aria-labelledby="consent-heading">
      <h2 id="consent-heading" class="hidden">{t.heading}</h2>
      <dl>
        <Fact name={t.does}>
          {limits.cores === undefined
            ? t.doesTextUnknown(threads)
            : t.doesText(threads, formats.value.integer(limits.cores))}
        </Fact>
        <Fact name={t.downloads}>
          {download === null
            ? t.downloadsUnknown
            : t.downloadsText(formats.value.bytes(download))}
        </Fact>
        <Fact name={t.leaves}>
          {upload === null
            ? t.leavesTextUnknown
            : t.leavesText(formats.value.bytes(upload))}
        </Fact>
        <Fact name={t.stays}>{t.staysText}</Fact>
      </dl>
    </section>
  );
}

function Fact(
  { name, children }: {
    readonly name: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
