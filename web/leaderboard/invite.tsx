import type { JSX } from "preact";
import { leaderboardWords } from "../i18n/leaderboard_words.ts";
import { joinCode, pageLink, pagePaths } from "../ui/links.ts";
import { words } from "../ui/language.ts";
import { QrCode } from "../ui/qr.tsx";

/** Only this machine reaches itself by these names: no use to a phone. */
const loopback = /^(localhost|127(\.\d+){3}|\[::1\]|.*\.localhost)$/;

/** Asks the reader to lend a device: this one, or the phone in their hand. */
export function Invite(): JSX.Element {
  const t = words(leaderboardWords).invite;
  const code = joinCode();
  const link = new URL(
    pagePaths.join + (code === null ? "" : `#${code}`),
    location.origin,
  ).href;
  const reachable = !loopback.test(location.hostname);
  return (
    <aside class="invite" aria-labelledby="invite-heading">
      {reachable && <QrCode link={link} label={t.qr(link)} />}
      <div>
        <h2 id="invite-heading">{t.heading}</h2>
        <p>{reachable ? t.withPhone : t.here}</p>
        <a class="button is-primary" href={pageLink("join")}>
          {t.join}
        </a>
      </div>
    </aside>
  );
}
