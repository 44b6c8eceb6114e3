import Table from "cli-table3";

/** A table for the terminal: names in the first column, then numbers. */
export function tableOf(...head: string[]) {
  return new Table({
    head,
    style: { head: [], border: [], compact: true },
    colAligns: ["left", ...head.slice(1).map(() => "right" as const)],
  });
}
