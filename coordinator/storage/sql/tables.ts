import { storable } from "./rows.ts";

/** The tables of both kinds of database, referenced ones first. */

export interface Column {
  readonly name: string;
  readonly type: "text" | "integer" | "real" | "boolean";
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
  /** The key; rows are read in its order. */
  readonly key: readonly string[];
}

/** Types by column. */
export type Row = Readonly<Record<string, string | number | boolean | null>>;

function table(name: string, key: string, columns: string): Table {
  return {
    name,
    key: key.split(" "),
    columns: columns.trim().split(/,\s*/).map((column) => {
      const [name = "", type = "text"] = column.split(" ");
      return { name, type: asType(type) };
    }),
  };
}

function asType(text: string): Column["type"] {
  switch (text) {
    case "integer":
    case "real":
    case "boolean":
      return text;
    default:
      return "text";
  }
}

export const attempts = table(
  "attempts",
  "trial_id attempt",
  `trial_id, attempt integer, lease_id, worker_id, backend, backend_detail,
  started_at integer, ttl integer, state, expires_at integer,
  ended_at integer, message`,
);

export const epochs = table(
  "epochs",
  "trial_id attempt epoch",
  "trial_id, attempt integer, epoch integer, metrics",
);

export const deliveries = table(
  "deliveries",
  "trial_id attempt",
  "trial_id, attempt integer, weights, result",
);

export const results = table(
  "results",
  "trial_id",
  `trial_id, attempt integer, worker_id, study_id, accepted_at integer,
  epochs integer, seconds real, result, recomputed, repeated_epochs integer,
  weights`,
);

export const tables: readonly Table[] = [
  table(
    "studies",
    "study_id",
    "study_id, definition, revision integer, deleted boolean",
  ),
  table("lending", "study_id", "study_id"),
  table(
    "workers",
    "worker_id",
    `worker_id, name, kind, threads integer, device, protocol_version integer,
    token_hash, backend, backend_detail, registered_at integer,
    last_seen_at integer, has_left boolean, step_milliseconds real,
    removed boolean`,
  ),
  table(
    "trials",
    "trial_id",
    `trial_id, study_id, spec, point, replicate integer, position integer,
    planned boolean, state, quarantined_at integer, revision integer`,
  ),
  attempts,
  epochs,
  deliveries,
  results,
  table(
    "trust",
    "worker_id backend",
    `worker_id, backend, accepted integer, lies integer, lied_at integer`,
  ),
  table("secrets", "name", "name, hash"),
];

/** A row for both kinds of database: real booleans, well-formed text. */
export function toRow({ columns }: Table, found: Record<string, unknown>): Row {
  return Object.fromEntries(columns.map(({ name, type }) => {
    const value = found[name] ?? null;
    if (typeof value === "string") return [name, storable(value)];
    if (value === null || typeof value === "boolean") return [name, value];
    if (type === "boolean") return [name, value === 1];
    if (typeof value === "number") return [name, value];
    throw new Error(`a value of an unknown type: ${name}, ${typeof value}`);
  }));
}
