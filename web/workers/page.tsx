import type { ReadonlySignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import {
  type WorkerList,
  WorkerOrder,
  type WorkerView,
} from "../../coordinator/protocol/views.ts";
import { workersWords } from "../i18n/workers_words.ts";
import { inPlace, useHold } from "../ui/hold.ts";
import { ItemNotices } from "../ui/item_notices.tsx";
import type { ItemState } from "../ui/item_state.ts";
import { formats, words } from "../ui/language.ts";
import { pageLink } from "../ui/links.ts";
import { Pager } from "../ui/pager.tsx";
import { Segmented } from "../ui/segmented.tsx";
import { Site } from "../ui/site.tsx";
import { Stat } from "../ui/stat.tsx";
import { Agreement } from "./agreement.tsx";
import type { WorkersView } from "./view.ts";
import { WorkerRow } from "./row.tsx";

export const WORKERS_A_PAGE = 50;

interface WorkersPageProps {
  readonly state: ItemState<WorkerList>;
  readonly view: ReadonlySignal<WorkersView>;
  readonly change: (view: Partial<WorkersView>) => void;
}

/** Who trains, on what, how fast, and what came of it. */
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
            t={t}
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
  // Of those on this page: the bars are there to be compared by eye.
  const most = Math.max(1, ...workers.map((w) => w.trialsCompleted));
  return (
    <div
      class="table-scroll"
      role="group"
      aria-labelledby="workers-heading"
      tabIndex={0}
    >
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
    </div>
  );
}
