import { isRecord } from "../lib/kept";
import type { Sort, SortKey } from "../lib/sort";

/** Every column sorts, so a column is called by what it sorts by. */
export type ColumnId = SortKey;

export interface Column {
  id: ColumnId;
  /** In the header. */
  word: string;
  /** In the list of columns and to whom the header is read. */
  title: string;
  /** Its width goes from `min` to `max`; without a `max` it takes what is left. */
  min: number;
  max: number | null;
  /** What it should have before a less important column gives way to it. */
  need: number;
  number: boolean;
  /** The higher, the sooner it is left out of a small window: what the agent's page says as well. 0 stays. */
  yields: number;
  /** Whether the first click on its header puts large values on top. */
  descending: boolean;
  /** Whether only agents of a bus have it. */
  ofBus: boolean;
}

const column = (id: ColumnId, word: string, title: string, min: number, rest: Partial<Column>): Column => ({
  id,
  word,
  title,
  min,
  max: min,
  need: min,
  number: false,
  yields: 0,
  descending: false,
  ofBus: false,
  ...rest,
});

/** All there are, in the order they have until they are moved. */
export const COLUMNS: readonly Column[] = [
  column("state", "State", "State", 16, {}),
  column("name", "Agent", "Agent", 90, { max: 224, need: 190 }),
  column("verdict", "Verdict", "Verdict", 100, { max: null, need: 250 }),
  column("where", "Home", "Name of the registry", 80, { max: 110, yields: 7 }),
  column("registry", "Registry", "What the registry says", 50, { yields: 6 }),
  column("beat", "Last beat", "Last beat, as the registry has it", 98, { number: true, yields: 1 }),
  column("ours", "Ours", "Last beat that was confirmed here", 98, { number: true, yields: 8 }),
  column("flips", "Flips in", "Time until the registry flips it", 50, { number: true }),
  column("trip", "Trip", "Round trip of a beat", 44, { number: true, yields: 9, descending: true }),
  column("strip", "", "Beats", 100, { max: 160, yields: 2 }),
  column("uptime", "Uptime", "Uptime of the last 24 hours, while awake", 48, { number: true, yields: 4 }),
  column("raw", "Raw", "Uptime of all the last 24 hours", 48, { number: true, yields: 4 }),
  column("reconnects", "Reconn.", "Reconnects of the last 24 hours", 44, {
    number: true,
    yields: 5,
    descending: true,
  }),
  column("process", "Process", "Process", 76, { max: 172, need: 96, yields: 3 }),
  column("tags", "Tags", "Tags", 80, { max: 140, yields: 10 }),
  column("project", "Project", "Project", 80, { max: 110, yields: 10 }),
  column("bus", "Bus", "State on the bus", 56, { yields: 5, ofBus: true }),
  column("sequence", "No.", "Number of the last message on the bus", 56, {
    max: 76,
    number: true,
    yields: 9,
    descending: true,
    ofBus: true,
  }),
  column("measured", "Measures", "What it measures of itself", 90, { max: 260, yields: 10, ofBus: true }),
  column("runsAt", "Runs at", "Computer that runs it, or beats for it", 80, {
    max: 130,
    yields: 8,
    ofBus: true,
  }),
];

export const COLUMN = Object.fromEntries(COLUMNS.map((each) => [each.id, each])) as Record<ColumnId, Column>;

/** How the user has the table. */
export interface Columns {
  /** All of them, hidden ones too. */
  order: readonly ColumnId[];
  hidden: readonly ColumnId[];
  /** Widths that were chosen. */
  widths: Readonly<Partial<Record<ColumnId, number>>>;
  sort: Sort | null;
}

export const USUAL: Columns = {
  order: COLUMNS.map(({ id }) => id),
  hidden: ["where", "ours", "uptime", "raw", "tags", "project", "bus", "sequence", "measured", "runsAt"],
  widths: {},
  sort: null,
};

/** What there is to show: the columns of buses only where there is one. */
export function offered(columns: Columns, hasBus: boolean): Columns {
  if (hasBus) return columns;
  const order = columns.order.filter((id) => !COLUMN[id].ofBus);
  const hidden = columns.hidden.filter((id) => !COLUMN[id].ofBus);
  // A table that showed nothing else still says whose rows these are.
  return { ...columns, order, hidden: hidden.length < order.length ? hidden : without(hidden, "name") };
}

const without = (ids: readonly ColumnId[], id: ColumnId): ColumnId[] => ids.filter((each) => each !== id);

export const NARROWEST = 16;
export const WIDEST = 1200;
export const GAP = 14;
const PADDING = 32;
/** Until the window was measured. */
const UNKNOWN = 1280;

/** Where a cell is, counted over all columns, hidden ones too. */
export interface Cell {
  id: ColumnId;
  colindex: number;
}

export interface Layout {
  columns: Column[];
  cells: Cell[];
  /** Shown if there were room. */
  squeezed: ColumnId[];
  /** For `grid-template-columns`. */
  template: string;
  /** Below it the table scrolls sideways. */
  minWidth: number;
}

/** The columns that a window of some width shows, and how wide they are. A width of 0 is not known yet. */
export function layoutOf({ order, hidden, widths }: Columns, available: number): Layout {
  const columns = order.filter((id) => !hidden.includes(id)).map((id) => COLUMN[id]);
  const squeezed: ColumnId[] = [];
  while (available > 0 && across(columns, ({ need }) => need) > available) {
    // A width that was chosen is not held against the others: the table scrolls sideways before it loses a column to it.
    const first = columns.reduce((a, b) => (b.yields > a.yields ? b : a));
    if (first.yields === 0) break;
    columns.splice(columns.indexOf(first), 1);
    squeezed.push(first.id);
  }
  const wide = share(columns, widths, available || UNKNOWN);
  return {
    columns,
    cells: columns.map(({ id }) => ({ id, colindex: order.indexOf(id) + 1 })),
    squeezed,
    // What is left by rounding, or by a scrollbar that goes, is taken without a new layout.
    template: columns.map((each) => trackOf(each, widths, wide.get(each.id) ?? each.min)).join(" "),
    minWidth: across(columns, ({ id, min }) => widths[id] ?? min),
  };
}

/**
 * Gives each column the least it can do with, and then what there is: first to the fixed ones what they need, then to
 * those that take any width, then for comfort. Each step is continuous, so nothing jumps while an edge is dragged.
 */
function share(columns: Column[], chosen: Columns["widths"], available: number): Map<ColumnId, number> {
  const wide = new Map(columns.map(({ id, min }) => [id, chosen[id] ?? min]));
  let free = available - across(columns, ({ id }) => wide.get(id) ?? 0);
  const grow = (some: Column[], upTo: (column: Column) => number) => {
    const wants = some.map((column) => ({ id: column.id, more: upTo(column) - (wide.get(column.id) ?? 0) }));
    const wanting = wants.filter(({ more }) => more > 0).sort((a, b) => a.more - b.more);
    // Who wants little leaves the rest of its part to the others.
    wanting.forEach(({ id, more }, at) => {
      const given = Math.min(more, Math.floor(Math.max(0, free) / (wanting.length - at)));
      wide.set(id, (wide.get(id) ?? 0) + given);
      free -= given;
    });
  };
  const open = columns.filter(({ id }) => chosen[id] === undefined);
  const fixed = open.filter(({ max }) => max !== null);
  const elastic = open.filter(({ max }) => max === null);
  grow(fixed, ({ need }) => need);
  grow(elastic, ({ need }) => need);
  grow(fixed, ({ max }) => max ?? 0);
  grow(elastic, () => Infinity);
  return wide;
}

function across(columns: Column[], widthOf: (column: Column) => number): number {
  const widths = columns.reduce((sum, each) => sum + widthOf(each), 0);
  return widths + GAP * Math.max(0, columns.length - 1) + PADDING;
}

function trackOf({ id, min, max }: Column, widths: Columns["widths"], wide: number): string {
  return max === null && widths[id] === undefined ? `minmax(${min}px, 1fr)` : `${wide}px`;
}

/** Puts a column before another, or last. */
export function moved(order: readonly ColumnId[], id: ColumnId, before: ColumnId | null): ColumnId[] {
  if (id === before) return [...order];
  const rest = order.filter((each) => each !== id);
  rest.splice(before === null ? rest.length : rest.indexOf(before), 0, id);
  return rest;
}

/** What was kept, if it is whole. Columns that it does not know come where they usually are. */
export function checkColumns(value: unknown): Columns | null {
  if (!isRecord(value)) return null;
  const { order, hidden, widths, sort } = value;
  if (!areColumns(order) || !areColumns(hidden) || !isRecord(widths)) return null;
  for (const [id, width] of Object.entries(widths)) {
    if (!isColumn(id) || typeof width !== "number") return null;
    if (!(width >= NARROWEST && width <= WIDEST)) return null;
  }
  if (sort !== null && !isSort(sort)) return null;
  const unknown = USUAL.order.filter((id) => !order.includes(id));
  const all = [...order];
  for (const id of unknown) all.splice(USUAL.order.indexOf(id), 0, id);
  const away = [...hidden, ...unknown.filter((id) => USUAL.hidden.includes(id))];
  if (all.every((id) => away.includes(id))) return null;
  return { order: all, hidden: away, widths, sort };
}

function isSort(value: unknown): value is Sort {
  return isRecord(value) && isColumn(value.by) && typeof value.descending === "boolean";
}

function areColumns(value: unknown): value is ColumnId[] {
  return Array.isArray(value) && value.every(isColumn) && new Set(value).size === value.length;
}

function isColumn(value: unknown): value is ColumnId {
  return typeof value === "string" && Object.hasOwn(COLUMN, value);
}
