import type { ComponentChildren, JSX } from "preact";

/** Makes a wide table scroll sideways on a narrow page, also by keyboard. */
export function TableScroll(
  { label, children }: {
    /** For screen readers: a text, or the `#id` of a heading. */
    readonly label: string;
    readonly children: ComponentChildren;
  },
): JSX.Element {
  const name = label.startsWith("#")
    ? { "aria-labelledby": label.slice(1) }
    : { "aria-label": label };
  return (
    <div class="table-scroll" role="group" tabIndex={0} {...name}>
      {children}
    </div>
  );
}

/** The figures of a chart as a table, closed at first. */
export function ChartTable(
  { summary, caption = summary, heads, rows }: {
    readonly summary: string;
    /** For screen readers. */
    readonly caption?: string;
    readonly heads: readonly string[];
    /** The first cell of each row is its heading. */
    readonly rows: readonly (readonly ComponentChildren[])[];
  },
): JSX.Element {
  return (
    <details class="as-table">
      <summary>{summary}</summary>
      <TableScroll label={caption}>
        <table>
          <caption class="hidden">{caption}</caption>
          <thead>
            <tr>
              {heads.map((head) => <th key={head} scope="col">{head}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map(([first, ...cells], i) => (
              <tr key={i}>
                <th scope="row">{first}</th>
                {cells.map((cell, column) => <td key={column}>{cell}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </TableScroll>
    </details>
  );
}
