import type { AgentRow } from "../host/bindings/AgentRow";
import type { Liveness } from "../host/bindings/Liveness";
import { byText } from "./order";

/** What rows can be grouped by, and how that is called. */
export const GROUPINGS = {
  none: "No groups",
  state: "By state",
  registry: "By registry",
  tag: "By tag",
  project: "By project",
} as const;

export type GroupBy = keyof typeof GROUPINGS;

export const isGroupBy = (value: unknown): value is GroupBy =>
  typeof value === "string" && Object.hasOwn(GROUPINGS, value);

/** How the rows are grouped. */
export interface Grouping {
  by: GroupBy;
  /** Lines of groups that are folded. */
  folded: readonly string[];
}

export const NO_GROUPS: Grouping = { by: "none", folded: [] };

/** What stands on the lines of the table: ids of agents, and lines of groups between them. */
export interface Lines {
  lines: string[];
  /** How many agents a group has, shown or folded. */
  counts: Map<string, number>;
}

const GROUP = "group:";
const STATES: readonly Liveness[] = ["offline", "stale", "late", "unknown", "active", "inactive", "stopped"];

/** An agent's id begins with `zns:`, so a line is one or the other. */
export function isGroup(line: string): boolean {
  return line.startsWith(GROUP);
}

/** What the agents of a group have in common; empty for those that have nothing of the kind. */
export function wordOf(line: string): string {
  return line.slice(line.indexOf("=") + 1);
}

const VALUES: Record<Exclude<GroupBy, "none">, (row: AgentRow) => string> = {
  state: (row) => row.liveness,
  registry: (row) => row.registry.name,
  // A row stands on one line, so an agent with several tags is with those that share its first.
  tag: (row) => row.tags[0] ?? "",
  project: (row) => row.project ?? "",
};

/** The line of the group that an agent belongs to; nothing when there are no groups. */
export function groupOf(row: AgentRow, by: GroupBy): string | null {
  return by === "none" ? null : `${GROUP}${by}=${VALUES[by](row)}`;
}

/** Parts sorted ids into groups; within a group they keep their order. */
export function linesOf(ids: string[], rows: ReadonlyMap<string, AgentRow>, { by, folded }: Grouping): Lines {
  if (by === "none") return { lines: ids, counts: new Map() };
  const groups = new Map<string, string[]>();
  for (const id of ids) {
    const row = rows.get(id);
    const group = row ? groupOf(row, by) : null;
    if (group === null) continue;
    const members = groups.get(group);
    if (members) members.push(id);
    else groups.set(group, [id]);
  }
  const sorted = [...groups].sort(([a], [b]) => compareGroups(a, b, by));
  return {
    lines: sorted.flatMap(([group, members]) => (folded.includes(group) ? [group] : [group, ...members])),
    counts: new Map(sorted.map(([group, members]) => [group, members.length])),
  };
}

function compareGroups(a: string, b: string, by: GroupBy): number {
  const [x, y] = [wordOf(a), wordOf(b)];
  if (by === "state") return STATES.indexOf(x as Liveness) - STATES.indexOf(y as Liveness);
  // Those without come last.
  return x === "" || y === "" ? y.length - x.length : byText(x, y);
}
