import { createMiddleware } from "hono/factory";
import { matchedRoutes } from "hono/route";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Metrics for operators, in Prometheus' text format. */
export interface Metrics {
  /** A request was answered. */
  answered(route: string, method: string, status: number, ms: number): void;
  /** A request was refused. */
  refused(reason: string): void;
  /** A transaction of the storage was committed. */
  stored(units: number, ms: number): void;
  /** All metrics as text, and its content type. */
  read(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/** Values that are looked up when the metrics are read. */
export interface MetricSources {
  /** Number of events since the start, by name. */
  readonly counters: ReadonlyMap<string, number>;
  readonly workersOnline: () => Promise<number>;
  readonly streams: () => number;
}

/** Buckets in seconds, from a cached file to a wait for a slow disk. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

const UNITS = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/**
 * Starts counting, in a separate registry.
 *
 * @param memory Bytes that the process has resident.
 */
export function createMetrics(memory: () => number): Metrics & {
  /** Sets the source of looked-up values; call once. */
  watch(sources: MetricSources): void;
} {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Histogram({
    name: "swarm_request_seconds",
    help: "Time from a request's head to its answer's",
    labelNames: ["route", "method", "status"],
    buckets: SECONDS,
    registers,
  });
  const refusals = new Counter({
    name: "swarm_refusals_total",
    help: "Requests refused, by reason",
    labelNames: ["reason"],
    registers,
  });
  const batches = new Histogram({
    name: "swarm_storage_batch_seconds",
    help: "Time of one storage transaction, the disk's included",
    buckets: SECONDS,
    registers,
  });
  const units = new Histogram({
    name: "swarm_storage_batch_calls",
    help: "Calls that shared one storage transaction",
    buckets: UNITS,
    registers,
  });
  new Gauge({
    name: "process_resident_memory_bytes",
    help: "Memory of the process",
    registers,
    collect() {
      this.set(memory());
    },
  });
  return {
    answered(route, method, status, ms) {
      const labels = { route, method, status: `${Math.floor(status / 100)}xx` };
      requests.observe(labels, ms / 1000);
    },
    refused: (reason) => refusals.inc({ reason }),
    stored(count, ms) {
      batches.observe(ms / 1000);
      units.observe(count);
    },
    read: async () => ({
      text: await registry.metrics(),
      contentType: registry.contentType,
    }),
    watch({ counters, workersOnline, streams }) {
      new Counter({
        name: "swarm_events_total",
        help: "What happened to leases and trials, by event",
        labelNames: ["event"],
        registers,
        collect() {
          this.reset();
          for (const [event, count] of counters) this.inc({ event }, count);
        },
      });
      new Gauge({
        name: "swarm_workers_online",
        help: "Workers seen lately",
        registers,
        async collect() {
          this.set(await workersOnline());
        },
      });
      new Gauge({
        name: "swarm_event_streams",
        help: "Pages that follow the events now",
        registers,
        collect() {
          this.set(streams());
        },
      });
    },
  };
}

/** Measures each answer by its route: there are few routes but many paths. */
export function measure(metrics: Metrics, now: () => number) {
  return createMiddleware(async (c, next) => {
    const start = now();
    await next();
    const route = matchedRoutes(c).findLast(({ path }) => !path.endsWith("*"));
    const { method } = c.req;
    metrics.answered(
      route?.path ?? "none",
      METHODS.has(method) ? method : "other",
      c.res.status,
      now() - start,
    );
  });
}

const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE"]);
