import { render } from "preact";
import { Report } from "../../../protocol/leaderboard.ts";
import { createLeaderboardState } from "../leaderboard/state.ts";
import { defaultViewState } from "../leaderboard/view_state.ts";
import { browserAfter } from "../../live.ts";
import { startLanguage } from "../../components/language.ts";
import { BrokenReport, ReportPage } from "./page.tsx";

/** Shows the report that stands in the page itself. */

const root = document.querySelector("#app");
const data = document.querySelector("#report");
if (root === null) throw new Error("the page has no #app to render into");

startLanguage();
const report = read(data?.textContent ?? "");
root.replaceChildren();
if (report === null) render(<BrokenReport />, root);
else {
  const { leaderboard } = report;
  const state = createLeaderboardState(
    {
      studies: () => Promise.resolve({ studies: [] }),
      leaderboard: () => Promise.resolve({ leaderboard, etag: null }),
    },
    { ...defaultViewState, study: leaderboard.study.id },
    browserAfter,
  );
  await state.refresh();
  render(<ReportPage state={state} report={report} />, root);
}

function read(text: string): Report | null {
  try {
    const parsed = Report.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
