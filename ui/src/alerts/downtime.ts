import type { Fault } from "../host/bindings/Fault";
import type { AgentDowntime, Downtime, Shares } from "../host/host";
import { length } from "../lib/time";
import { FAULTS } from "./words";

/** In the order of bars and of the legend. */
export const ORDER = Object.keys(FAULTS) as Fault[];

/** What the engine does not count as down: no network here, no computer, or nobody who was meant to beat. */
export const EXCUSED: ReadonlySet<Fault> = new Set(["own_network", "asleep", "not_running"]);

export type SortBy = "name" | "down" | "share" | "fault";

export interface Line extends AgentDowntime {
  /** Of what is counted. */
  counted: number;
  parts: { fault: Fault; ms: number }[];
}

/** The parts that are counted, in the order of the legend. */
export function partsOf({ by_fault: faults }: Shares, hidden: ReadonlySet<Fault>): Line["parts"] {
  return ORDER.flatMap((fault) => {
    const ms = faults.find((each) => each.fault === fault)?.ms ?? 0;
    return ms > 0 && !hidden.has(fault) ? [{ fault, ms }] : [];
  });
}

export const sum = (parts: Line["parts"]): number => parts.reduce((all, { ms }) => all + ms, 0);

export function linesOf(
  downtime: Downtime,
  hidden: ReadonlySet<Fault>,
  by: SortBy,
  descending: boolean,
): Line[] {
  const lines = downtime.agents.map((agent): Line => {
    const parts = partsOf(agent, hidden);
    return { ...agent, parts, counted: sum(parts) };
  });
  const compare: Record<SortBy, (a: Line, b: Line) => number> = {
    name: (a, b) => a.name.localeCompare(b.name),
    down: (a, b) => a.counted - b.counted,
    share: (a, b) => (upShare(a) ?? 2) - (upShare(b) ?? 2),
    fault: (a, b) => ORDER.indexOf(mostly(a) ?? "unknown") - ORDER.indexOf(mostly(b) ?? "unknown"),
  };
  const way = descending ? -1 : 1;
  return lines.sort((a, b) => way * compare[by](a, b) || compare.name(a, b));
}

/** How much of the time that is counted it was up. */
export function upShare({ up_ms: up, counted }: Pick<Line, "up_ms" | "counted">): number | null {
  return up + counted === 0 ? null : up / (up + counted);
}

/** Whose fault the most of it is. */
export function mostly({ parts }: { parts: Line["parts"] }): Fault | null {
  return (
    parts.reduce<Line["parts"][number] | null>((a, b) => (a && a.ms >= b.ms ? a : b), null)?.fault ?? null
  );
}

/** What a bar says: `1 h 05 min: process 47 min, link 18 min`. */
export function barWords(parts: Line["parts"]): string {
  if (parts.length === 0) return "nothing missed";
  return `${length(sum(parts))}: ${parts.map(({ fault, ms }) => `${FAULTS[fault].word} ${length(ms)}`).join(", ")}`;
}
