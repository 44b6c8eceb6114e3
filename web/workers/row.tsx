import type { JSX } from "preact";
import type { WorkerView } from "../../coordinator/protocol/views.ts";
import { workersWords } from "../i18n/workers_words.ts";
import { formats, words } from "../ui/language.ts";
import { Nickname } from "../ui/nickname.tsx";
import { OddTag } from "./agreement.tsx";

const BAR = 72;

/** One worker. All that it says of itself is shown as text. */
export function WorkerRow(
  { worker, share }: {
    readonly worker: WorkerView;
    /** Of the most results on the page, for the bar. */
    readonly share: number;
  },
): JSX.Element {
  const t = words(workersWords);
  const { fixed, integer } = formats.value;
  const { stepMilliseconds: step, trialsPerMinute: pace } = worker;
  return (
    <tr class={worker.online ? "is-online" : undefined}>
      <th scope="row" class="text">
        <span class="who">
          <span class="lamp" aria-hidden="true" />
          <Nickname text={worker.name} />
        </span>
        <OddTag deviation={worker.deviation} />
      </th>
      <td class="text">
        {t.kinds[worker.kind]}
        {worker.device !== null && (
          <span class="detail">
            <Nickname text={worker.device} />
          </span>
        )}
      </td>
      <td class="text">
        {worker.backend ?? t.notSaid}
        {worker.backendDetail !== null && (
          <span class="detail">
            <Nickname text={worker.backendDetail} />
          </span>
        )}
      </td>
      <td>{integer(worker.threads)}</td>
      <td>{step === null ? t.notSaid : fixed(step, step < 10 ? 1 : 0)}</td>
      <td>{pace === null ? t.notSaid : fixed(pace, pace < 10 ? 2 : 1)}</td>
      <td>{integer(worker.trialsRunning)}</td>
      <td class="results">
        {integer(worker.trialsCompleted)}
        <svg
          class="share"
          width={BAR}
          height={8}
          viewBox={`0 0 ${BAR} 8`}
          aria-hidden="true"
        >
          <rect width={BAR * share} height={8} rx={2} />
        </svg>
      </td>
      <td>
        {worker.online ? <span class="online">{t.now}</span> : (
          <time
            dateTime={worker.lastSeenAt}
            title={formats.value.dateTime(new Date(worker.lastSeenAt))}
          >
            {formats.value.ago(
              (Date.now() - Date.parse(worker.lastSeenAt)) / 1000,
            )}
          </time>
        )}
      </td>
    </tr>
  );
}
