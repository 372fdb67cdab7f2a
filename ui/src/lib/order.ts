import type { AgentRow } from "../host/bindings/AgentRow";

export type Compare = (a: AgentRow, b: AgentRow) => number;

/**
 * What needs you first, then what flips next.
 *
 * Agents that beat as they should have a new deadline every interval; ordering them by it would make the table turn for
 * ever, so they keep the order of their names. The deadline orders those whose beats are missing.
 */
export function compareRows(a: AgentRow, b: AgentRow): number {
  const urgency = urgencyOf(a) - urgencyOf(b);
  if (urgency !== 0) return urgency;
  if (deadlineMatters(a) && deadlineMatters(b)) {
    const flips = (a.flips_at ?? Infinity) - (b.flips_at ?? Infinity);
    if (flips < 0 || flips > 0) return flips;
  }
  return byName(a, b);
}

/** Small is urgent. */
export function urgencyOf(row: AgentRow): number {
  if (row.paused) return 11;
  switch (row.liveness) {
    case "offline":
      return row.needs_attention ? 0 : 8;
    case "stale":
      return row.needs_attention ? 1 : 7;
    case "late":
      return 2;
    case "stopped":
      return row.needs_attention ? 4 : 10;
    case "active":
      return row.needs_attention || row.verdict.severity === "bad" ? 3 : 6;
    case "inactive":
    case "unknown":
      return row.needs_attention ? 5 : 9;
  }
}

function deadlineMatters(row: AgentRow): boolean {
  return row.liveness === "late" || row.liveness === "stale" || row.liveness === "offline";
}

function byName(a: AgentRow, b: AgentRow): number {
  const names = byText(a.name, b.name);
  if (names !== 0) return names;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** As people sort: numbers by their size, and no difference between capitals and small letters. */
export function byText(a: string, b: string): number {
  // Most comparisons are of a row with itself, a beat ago; the collator would take its time for them.
  return a === b ? 0 : collator.compare(a, b);
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/**
 * The sorted order after some rows changed: the unchanged ones are merged with the changed ones, since sorting 10,000
 * rows anew for a handful of beats would cost a frame.
 */
export function reorder(
  order: readonly string[],
  rows: ReadonlyMap<string, AgentRow>,
  changed: ReadonlySet<string>,
  compare: Compare = compareRows,
): string[] {
  const dirty: AgentRow[] = [];
  for (const id of changed) {
    const row = rows.get(id);
    if (row) dirty.push(row);
  }
  dirty.sort(compare);

  const kept = order.filter((id) => rows.has(id) && !changed.has(id));
  const merged: string[] = [];
  let from = 0;
  for (const row of dirty) {
    const place = placeOf(row, kept, rows, from, compare);
    for (; from < place; from += 1) merged.push(kept[from] as string);
    merged.push(row.id);
  }
  for (; from < kept.length; from += 1) merged.push(kept[from] as string);
  return merged;
}

/** Where a row belongs among sorted ids, by halving: comparing names is what costs. */
function placeOf(
  row: AgentRow,
  sorted: readonly string[],
  rows: ReadonlyMap<string, AgentRow>,
  from: number,
  compare: Compare,
): number {
  let low = from;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = rows.get(sorted[middle] as string) as AgentRow;
    if (compare(other, row) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * The order to show while it is held: what is on the screen stays where it is, what is gone closes up, and what is new
 * goes to the end.
 */
export function hold(
  shown: readonly string[],
  fresh: readonly string[],
  exists: (id: string) => boolean,
): string[] {
  const kept = shown.filter(exists);
  const known = new Set(kept);
  for (const id of fresh) if (!known.has(id)) kept.push(id);
  return kept;
}

/** Whether two orders are the same. */
export function sameOrder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((id, index) => id === b[index]);
}
