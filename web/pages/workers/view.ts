import { WorkerOrder } from "../../../protocol/views.ts";

/** What a visitor sees besides the data: all of it is in the page's address. */
export interface WorkersView {
  readonly show: "all" | "online";
  readonly order: WorkerOrder;
  /** Counted from 1. */
  readonly page: number;
}

export const defaultView: WorkersView = {
  show: "all",
  order: "results",
  page: 1,
};

/** Reads a link; what it does not understand it leaves at the default. */
export function parseView(query: URLSearchParams): WorkersView {
  const order = WorkerOrder.safeParse(query.get("order"));
  const page = Number(query.get("page"));
  return {
    show: query.get("show") === "online" ? "online" : defaultView.show,
    order: order.success ? order.data : defaultView.order,
    page: Number.isSafeInteger(page) && page >= 1 && page <= 1_000_000
      ? page
      : 1,
  };
}

/** Writes the view into `query`, and takes out what is at its default. */
export function writeView(view: WorkersView, query: URLSearchParams): void {
  for (const name of ["show", "order", "page"] as const) {
    if (view[name] === defaultView[name]) query.delete(name);
    else query.set(name, String(view[name]));
  }
}
