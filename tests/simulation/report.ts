import type { SimulationReport } from "./simulate.ts";

/** How to see a world again, down to its last message. */
export function replayCommand({ seed, storage }: SimulationReport): string {
  return `deno task bench simulate --seed ${seed} --storage ${storage} --trace`;
}

/** What went wrong in a world, how it came to it, and how to see it again. */
export function failureText(report: SimulationReport): string {
  const { seed, complaints, trace, steps, virtualSeconds } = report;
  return [
    `seed ${seed}, step ${steps}, ${virtualSeconds} s:`,
    ...complaints.map((text) => `  ${text}`),
    "what happened last:",
    ...trace.map((line) => `  ${line}`),
    `to see it again: ${replayCommand(report)}`,
  ].join("\n");
}

/** Sums over many worlds, in words. */
export class Tally {
  #sums = new Map<string, number>();
  #failed = 0;
  #worlds = 0;

  add(report: SimulationReport): void {
    const { network, states } = report;
    this.#worlds++;
    if (report.complaints.length > 0) this.#failed++;
    const figures = {
      steps: report.steps,
      "virtual hours": report.virtualSeconds / 3600,
      "storage operations": report.operations,
      "coordinator crashes": report.crashes,
      "storage refusals": report.refusals,
      "requests sent": network.sent,
      "requests lost": network.requestsLost,
      "replies lost": network.repliesLost,
      "requests repeated": network.repeated,
      "messages delayed": network.delayed,
      "connections cut": network.cut,
      "promises checked": report.promises,
      "trials completed": states.completed,
      "trials quarantined": states.quarantined,
      "attempts": report.attempts,
      "attempts superseded": report.superseded,
    };
    for (const [name, value] of Object.entries(figures)) {
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + value);
    }
  }

  get failed(): number {
    return this.#failed;
  }

  toString(): string {
    const figures = [...this.#sums].map(([name, value]) =>
      `  ${name.padEnd(20)} ${Math.round(value).toLocaleString("en")}`
    );
    return [`${this.#worlds} worlds, ${this.#failed} failed`, ...figures]
      .join("\n");
  }
}
