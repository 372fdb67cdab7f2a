import type { Hours } from "../host/host";
import { isRecord, kept } from "../lib/kept";
import { type GroupBy, type Grouping, isGroup, isGroupBy, NO_GROUPS } from "../lib/lines";
import { RANGES } from "../lib/strip";
import {
  checkColumns,
  COLUMN,
  type ColumnId,
  type Columns,
  moved,
  NARROWEST,
  USUAL,
  WIDEST,
} from "./columns";

const columnsKept = kept("columns", 1, checkColumns);
const groupingKept = kept("groups", 1, checkGrouping);
const hoursKept = kept("strip", 1, (value) => RANGES.find((hours) => hours === value) ?? null);

/** How the user has the table, kept across restarts. */
export class View {
  columns = $state.raw<Columns>(columnsKept.read() ?? USUAL);

  grouping = $state.raw<Grouping>(groupingKept.read() ?? NO_GROUPS);
  /** How far back the strips in the table go. */
  hours = $state<Hours>(hoursKept.read() ?? 24);
  /** Shown if there were room; the table knows how much there is. */
  squeezed = $state.raw<readonly ColumnId[]>([]);

  get usual(): boolean {
    return this.columns === USUAL;
  }

  shown(id: ColumnId): boolean {
    return !this.columns.hidden.includes(id);
  }

  /** Shows or hides a column; the last one stays. */
  toggle(id: ColumnId): void {
    const { hidden, order } = this.columns;
    if (!this.shown(id)) this.#set({ hidden: hidden.filter((each) => each !== id) });
    else if (hidden.length < order.length - 1) this.#set({ hidden: [...hidden, id] });
  }

  /** `null` gives the column its own width back. A width that still changes under the pointer is not worth keeping. */
  resize(id: ColumnId, width: number | null, settled = true): void {
    const chosen = width === null ? undefined : Math.round(Math.min(WIDEST, Math.max(NARROWEST, width)));
    this.#set({ widths: { ...this.columns.widths, [id]: chosen } }, settled);
  }

  move(id: ColumnId, before: ColumnId | null): void {
    this.#set({ order: moved(this.columns.order, id, before) });
  }

  /** One way, the other way, and back to what needs you first. */
  sortBy(id: ColumnId): void {
    const { sort } = this.columns;
    const first = COLUMN[id].descending;
    if (sort?.by !== id) this.#set({ sort: { by: id, descending: first } });
    else this.#set({ sort: sort.descending === first ? { by: id, descending: !first } : null });
  }

  reset(): void {
    this.columns = USUAL;
    columnsKept.forget();
  }

  showLast(hours: Hours): void {
    this.hours = hours;
    hoursKept.write(hours);
  }

  groupBy(by: GroupBy): void {
    this.#setGrouping({ by, folded: [] });
  }

  /** Folds a group, or unfolds it. */
  fold(line: string, folded = !this.grouping.folded.includes(line)): void {
    const others = this.grouping.folded.filter((each) => each !== line);
    if (folded !== this.grouping.folded.includes(line))
      this.#setGrouping({ ...this.grouping, folded: folded ? [...others, line] : others });
  }

  #setGrouping(grouping: Grouping): void {
    this.grouping = grouping;
    groupingKept.write(grouping);
  }

  #set(change: Partial<Columns>, settled = true): void {
    this.columns = { ...this.columns, ...change };
    if (settled) columnsKept.write(this.columns);
  }
}

function checkGrouping(value: unknown): Grouping | null {
  if (!isRecord(value) || !Array.isArray(value.folded)) return null;
  const { by, folded } = value;
  if (!isGroupBy(by)) return null;
  if (!folded.every((line): line is string => typeof line === "string" && isGroup(line))) return null;
  return { by, folded };
}
