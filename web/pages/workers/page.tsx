import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import {
  type Deviation,
  type WorkerList,
  WorkerOrder,
  type WorkerView,
} from "../../../protocol/views.ts";
import {
  inPlace,
  Pager,
  Segmented,
  useHold,
} from "../../components/controls.tsx";
import { ItemNotices, type ItemState } from "../../components/item_page.tsx";
import { TableScroll } from "../../components/tables.tsx";
import { formats, words } from "../../components/language.ts";
import {
  countIn,
  pageLink,
  wordIn,
  writeQuery,
} from "../../components/links.ts";
import { Nickname, Site, Stat } from "../../components/site.tsx";
import { workersWords } from "../../i18n/language.ts";

/** What a visitor chose. All of it is in the page's URL. */
export interface WorkersView {
  readonly show: "all" | "online";
  readonly order: WorkerOrder;
  /** From 1. */
  readonly page: number;
}

export const defaultView: WorkersView = {
  show: "all",
  order: "results",
  page: 1,
};

/** Reads a query. Invalid values get their defaults. */
export function parseView(query: URLSearchParams): WorkersView {
  return {
    show: wordIn(query, "show", ["all", "online"]) ?? defaultView.show,
    order: wordIn(query, "order", WorkerOrder.options) ?? defaultView.order,
    page: countIn(query, "page") ?? defaultView.page,
  };
}

/** Writes the view into `query`, without default values. */
export function writeView(view: WorkersView, query: URLSearchParams): void {
  writeQuery(view, defaultView, query);
}

export const WORKERS_A_PAGE = 50;

interface WorkersPageProps {
  readonly state: ItemState<WorkerList>;
  readonly view: ReadonlySignal<WorkersView>;
  readonly change: (view: Partial<WorkersView>) => void;
}

/** The page of the workers: devices, backends, speeds and results. */
export function WorkersPage(props: WorkersPageProps): JSX.Element {
  const { state } = props;
  const t = words(workersWords);
  const list = state.item.value;
  useEffect(() => {
    document.title = t.title;
  }, [t]);
  return (
    <Site page="workers" connection={state.connection.value}>
      <ItemNotices state={state} missing={t.failed} failed={t.failed} />
      <div class="item-head">
        <h1>{t.heading}</h1>
        <p class="recipe lead">{t.lead}</p>
        <p>
          <a class="button" href={pageLink("join")}>{t.joinToo}</a>
        </p>
      </div>
      {list === null
        ? state.problem.value === null &&
          <p class="loading" role="status">{t.loading}</p>
        : <List {...props} list={list} />}
    </Site>
  );
}

function List(
  { view, change, list }: WorkersPageProps & { readonly list: WorkerList },
): JSX.Element {
  const t = words(workersWords);
  const { integer } = formats.value;
  const { show, order, page } = view.value;
  const pages = Math.max(1, Math.ceil(list.total / WORKERS_A_PAGE));
  const [shown, , holdProps] = useHold<readonly WorkerView[]>(
    list.workers,
    JSON.stringify(view.value),
    inPlace(({ workerId }) => workerId),
  );
  return (
    <>
      <section class="strip" aria-labelledby="counts-heading">
        <h2 id="counts-heading" class="hidden">{t.counts}</h2>
        <dl>
          <Stat name={t.online}>{integer(list.online)}</Stat>
          {show === "all" && <Stat name={t.ever}>{integer(list.total)}</Stat>}
        </dl>
      </section>
      <section class="workers" aria-labelledby="workers-heading">
        <div class="section-head">
          <h2 id="workers-heading" class="hidden">{t.heading}</h2>
          <Segmented
            label={t.show}
            name="show"
            options={[
              { value: "all", label: t.showAll },
              { value: "online", label: t.showOnline },
            ]}
            value={show}
            onChange={(value) => change({ show: value, page: 1 })}
          />
          <label class="select">
            <span class="hidden">{t.order}</span>
            <select
              value={order}
              onChange={(event) => {
                const chosen = WorkerOrder.safeParse(event.currentTarget.value);
                if (chosen.success) change({ order: chosen.data, page: 1 });
              }}
            >
              <option value="results">{t.byResults}</option>
              <option value="seen">{t.bySeen}</option>
            </select>
          </label>
        </div>
        {shown.length === 0
          ? <p class="empty">{show === "all" ? t.none : t.noneOnline}</p>
          : <Table workers={shown} holdProps={holdProps} />}
        {pages > 1 && (
          <Pager
            label={t.pages}
            page={page}
            pages={pages}
            onPage={(next) => change({ page: next })}
          />
        )}
      </section>
      <Agreement backends={list.backends} />
    </>
  );
}

function Table(
  { workers, holdProps }: {
    readonly workers: readonly WorkerView[];
    readonly holdProps: ReturnType<typeof useHold>[2];
  },
): JSX.Element {
  const t = words(workersWords);
  const { columns } = t;
  // Bars are compared by eye, so the longest one is on this page.
  const most = Math.max(1, ...workers.map((w) => w.trialsCompleted));
  return (
    <TableScroll label="#workers-heading">
      <table class="list">
        <caption class="hidden">{t.caption}</caption>
        <thead>
          <tr>
            <th scope="col" class="text">{columns.name}</th>
            <th scope="col" class="text">{columns.device}</th>
            <th scope="col" class="text">{columns.backend}</th>
            <th scope="col">{columns.threads}</th>
            <th scope="col" title={columns.stepNote}>{columns.step}</th>
            <th scope="col" title={columns.paceNote}>{columns.pace}</th>
            <th scope="col">{columns.running}</th>
            <th scope="col" title={columns.resultsNote}>{columns.results}</th>
            <th scope="col">{columns.seen}</th>
          </tr>
        </thead>
        <tbody {...holdProps}>
          {workers.map((worker) => (
            <WorkerRow
              key={worker.workerId}
              worker={worker}
              share={worker.trialsCompleted / most}
            />
          ))}
        </tbody>
      </table>
    </TableScroll>
  );
}

/** Smaller probabilities are shown as `<` this. */
const LEAST = 0.0001;

/** Shown if a worker's results differ by more than chance from all others. */
export function OddTag(
  { deviation }: { readonly deviation: Deviation | null },
): JSX.Element | null {
  const t = words(workersWords).agreement;
  if (deviation === null || !deviation.odd) return null;
  return (
    <span class="detail odd">
      <span class="tag is-odd">{t.odd}</span> {sentence(deviation)}
    </span>
  );
}

/** Whether the results of backends agree; empty without results. */
export function Agreement(
  { backends }: Pick<WorkerList, "backends">,
): JSX.Element | null {
  const t = words(workersWords).agreement;
  const { integer } = formats.value;
  if (backends.length === 0) return null;
  return (
    <section aria-labelledby="agreement-heading">
      <h2 id="agreement-heading">{t.heading}</h2>
      <p class="hint">{t.note}</p>
      <TableScroll label="#agreement-heading">
        <table class="list">
          <caption class="hidden">{t.caption}</caption>
          <thead>
            <tr>
              <th scope="col" class="text">{t.backend}</th>
              <th scope="col">{t.results}</th>
              <th scope="col" class="text">{t.verdict}</th>
            </tr>
          </thead>
          <tbody>
            {backends.map(({ backend, results, deviation }) => (
              <tr key={backend}>
                <th scope="row" class="text">{backend}</th>
                <td>{integer(results)}</td>
                <td class="text">
                  {deviation === null ? t.nothing : (
                    <>
                      {deviation.odd
                        ? <span class="tag is-odd">{t.odd}</span>
                        : t.even}
                      <span class="detail">{sentence(deviation)}</span>
                    </>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </section>
  );
}

/** The test in one line. */
function sentence(
  { figure, chiSquare, points, pValue }: Deviation,
): string {
  const t = words(workersWords).agreement;
  const { fixed, integer } = formats.value;
  const p = pValue < LEAST ? `< ${fixed(LEAST, 4)}` : `= ${fixed(pValue, 4)}`;
  return t.test(t[figure], fixed(chiSquare, 1), integer(points), p);
}

const BAR = 72;

/** The row of a worker. */
export function WorkerRow(
  { worker, share }: {
    readonly worker: WorkerView;
    /** Length of the bar, from 0 to 1. */
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
