import type { AgentRow } from "../host/bindings/AgentRow";
import type { BusState } from "../host/bindings/BusState";
import type { Severity } from "../host/bindings/Severity";
import { byText, compareRows, urgencyOf } from "./order";

/** What rows can be sorted by, besides what needs you first. */
export type SortKey =
  | "state"
  | "name"
  | "verdict"
  | "registry"
  | "where"
  | "beat"
  | "ours"
  | "flips"
  | "trip"
  | "strip"
  | "uptime"
  | "raw"
  | "tags"
  | "project"
  | "reconnects"
  | "process"
  | "bus"
  | "sequence"
  | "measured"
  | "runsAt";

export interface Sort {
  by: SortKey;
  descending: boolean;
}

type Value = string | number | null;

const BAD_FIRST: Record<Severity, number> = { bad: 0, warning: 1, neutral: 2, good: 3 };

const WORST_FIRST: Record<BusState, number> = { failed: 0, missing: 1, starting: 2, healthy: 3, stopped: 4 };

/** What a column says of a row, as something that has an order; nothing where it shows a dash. */
const VALUES: Record<SortKey, (row: AgentRow) => Value> = {
  state: urgencyOf,
  name: (row) => row.name,
  verdict: (row) => `${BAD_FIRST[row.verdict.severity]} ${row.verdict.sentence}`,
  registry: (row) => (row.registry.registered === false ? null : row.registry.status),
  where: (row) => row.registry.name,
  beat: (row) => (row.liveness === "inactive" ? null : row.registry.last_heartbeat),
  ours: (row) => row.last_confirmed_at,
  flips: (row) => (row.liveness === "inactive" ? null : row.flips_at),
  trip: (row) => row.round_trip_ms,
  strip: (row) => row.uptime_24h?.awake ?? null,
  uptime: (row) => row.uptime_24h?.awake ?? null,
  raw: (row) => row.uptime_24h?.raw ?? null,
  tags: (row) => row.tags.join(", ") || null,
  project: (row) => row.project,
  reconnects: (row) => row.reconnects_24h,
  process: (row) => row.process.state,
  bus: ({ bus }) => bus && WORST_FIRST[bus.state],
  sequence: ({ bus }) => bus?.sequence ?? null,
  measured: ({ bus }) => bus?.metrics.cpu_percent ?? bus?.metrics.memory_mb ?? null,
  runsAt: (row) => runsAt(row),
};

/** The computer whose Beatkeeper beats for it; else the one that it says it is on. */
export function runsAt({ bus, holder }: AgentRow): string | null {
  return holder?.computer ?? bus?.host ?? null;
}

/** Compares rows as asked; equal ones keep the order of what needs you first, whichever way the column is turned. */
export function comparator(sort: Sort | null): (a: AgentRow, b: AgentRow) => number {
  if (sort === null) return compareRows;
  const valueOf = VALUES[sort.by];
  const turn = sort.descending ? -1 : 1;
  return (a, b) => {
    const [x, y] = [valueOf(a), valueOf(b)];
    // A dash is no small number and no large one: it is last both ways.
    if (x === null || y === null) return x === y ? compareRows(a, b) : x === null ? 1 : -1;
    const difference = typeof x === "number" && typeof y === "number" ? x - y : byText(String(x), String(y));
    return difference === 0 ? compareRows(a, b) : difference * turn;
  };
}
