import type { LogLevel, LogStream } from "../host/host";
import type { Item } from "./buffer";

/** Which lines are shown. */
export interface Shown {
  stream: Exclude<LogStream, "note"> | "all";
  level: keyof typeof LEVELS;
}

/** From which level on, and what that takes in. */
export const LEVELS = {
  all: { word: "All levels", levels: null },
  info: { word: "Info and up", levels: ["info", "warn", "error"] },
  warn: { word: "Warnings and up", levels: ["warn", "error"] },
  error: { word: "Errors", levels: ["error"] },
} as const;

export const ALL: Shown = { stream: "all", level: "all" };

/** What Beatkeeper noted is always shown, and so is a hole. */
export function fits(item: Item, { stream, level }: Shown): boolean {
  if (item.stream === "note") return true;
  if (stream !== "all" && item.stream !== stream) return false;
  const levels: readonly LogLevel[] | null = LEVELS[level].levels;
  return levels === null || (item.level !== null && levels.includes(item.level));
}

/** One row of fixed height: a line, or a part of one that is wrapped. */
export interface LogRow {
  item: Item;
  /** Which characters of it. */
  start: number;
  end: number;
}

/** More of a line that is not wrapped is nowhere to be seen, and would only slow the page down. */
export const UNWRAPPED = 2_000;

/** Lines as rows. */
export class Layout {
  readonly #items: readonly Item[];
  readonly #columns: number;
  /** Where each item's rows begin, and where the last one's end; nothing where every line is one row. */
  readonly #begins: Uint32Array | null;
  readonly count: number;

  /** `columns` characters go into a row; lines are not wrapped for 0. */
  constructor(items: readonly Item[], shown: Shown, columns: number) {
    const every = shown.stream === "all" && shown.level === "all";
    this.#items = every ? items : items.filter((item) => fits(item, shown));
    this.#columns = columns;
    this.#begins = columns > 0 ? beginsOf(this.#items, columns) : null;
    this.count = this.#begins?.[this.#items.length] ?? this.#items.length;
  }

  row(index: number): LogRow | null {
    const at = this.#begins === null ? index : lastAtMost(this.#begins, index, this.#items.length);
    const item = this.#items[at];
    if (item === undefined) return null;
    if (this.#begins === null) return { item, start: 0, end: Math.min(item.plain.length, UNWRAPPED) };
    const breaks = breaksOf(item.plain, this.#columns);
    const part = index - (this.#begins[at] ?? 0);
    return { item, start: breaks[part] ?? 0, end: breaks[part + 1] ?? item.plain.length };
  }

  /** The first row of a line, or of the next one that is shown. */
  indexOf(seq: number): number {
    let [low, high] = [0, this.#items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#items[middle]?.seq ?? 0) < seq) low = middle + 1;
      else high = middle;
    }
    return this.#begins?.[low] ?? low;
  }
}

function beginsOf(items: readonly Item[], columns: number): Uint32Array {
  const begins = new Uint32Array(items.length + 1);
  let rows = 0;
  items.forEach(({ plain }, at) => {
    begins[at] = rows;
    rows += plain.length <= columns && !WIDE.test(plain) ? 1 : breaksOf(plain, columns).length;
  });
  begins[items.length] = rows;
  return begins;
}

/** Characters that may be two columns wide. */
const WIDE = /[\u1100-\uffff]/;

/** Where the rows of a line begin. */
function breaksOf(text: string, columns: number): number[] {
  const breaks = [0];
  if (!WIDE.test(text)) {
    for (let at = columns; at < text.length; at += columns) breaks.push(at);
    return breaks;
  }
  let used = 0;
  let at = 0;
  for (const sign of text) {
    const wide = WIDE.test(sign) ? 2 : 1;
    if (used + wide > columns) {
      breaks.push(at);
      used = 0;
    }
    used += wide;
    at += sign.length;
  }
  return breaks;
}

function lastAtMost(begins: Uint32Array, index: number, count: number): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((begins[middle] ?? Infinity) <= index) low = middle;
    else high = middle - 1;
  }
  return low;
}
