import { Report } from "../../../protocol/leaderboard.ts";
import { createLeaderboardState } from "../leaderboard/state.ts";
import { defaultViewState } from "../leaderboard/view_state.ts";
import { browserAfter } from "../../live.ts";
import { showPage } from "../../components/start_page.tsx";
import { BrokenReport, ReportPage } from "./page.tsx";

/** Shows the report whose data are in the page itself. */

const data = document.querySelector("#report");
const report = read(data?.textContent ?? "");
if (report === null) showPage(() => <BrokenReport />);
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
  showPage(() => <ReportPage state={state} report={report} />);
}

function read(text: string): Report | null {
  try {
    const parsed = Report.safeParse(JSON.parse(text));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
