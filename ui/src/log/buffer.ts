import type { LogCursor, LogLevel, LogPage, LogStream } from "../host/host";
import { plainOf } from "./ansi";

/** As many lines are kept in the window. */
export const MOST_LINES = 50_000;
/** And about so many characters: lines may be long. */
export const MOST_CHARACTERS = 16_000_000;

/** A line of the window, or what stands for lines that are not there. */
export interface Item {
  /** It keeps it as long as it is here, and neighbours differ by one. */
  seq: number;
  cursor: LogCursor;
  at: number;
  stream: LogStream;
  level: LogLevel | null;
  text: string;
  /** Without its colours. */
  plain: string;
  cut: number;
  /** So many bytes are not there, and this is no line. */
  skipped: number;
}

/** A part of a log, without a hole that is not marked. */
export class LogBuffer {
  readonly items: Item[] = [];
  from: LogCursor = "0";
  to: LogCursor = "0";
  /** Nothing older than this is kept anywhere. */
  atBegin = false;
  /** Nothing newer was there when it was read. */
  atEnd = false;
  /** So many lines went at the front since it began. */
  gone = 0;
  #characters = 0;
  #lines = 0;

  /** How many lines, without marks. */
  get lines(): number {
    return this.#lines;
  }

  get full(): boolean {
    return this.#lines >= MOST_LINES || this.#characters >= MOST_CHARACTERS;
  }

  replace(page: LogPage): void {
    this.items.length = 0;
    this.#characters = this.#lines = 0;
    this.from = page.from;
    this.atBegin = page.at_begin;
    this.append(page);
  }

  /** What follows; where there is a gap between, it is marked. */
  append(page: LogPage): void {
    const gap = this.items.length === 0 ? 0 : distance(this.to, page.from);
    const skipped = Math.max(page.skipped, gap);
    const next = (this.items.at(-1)?.seq ?? -1) + 1;
    const added = itemsOf(page, skipped, next, gap < 0 ? this.to : null);
    for (const item of added) this.items.push(item);
    this.#count(added, 1);
    this.to = page.to;
    this.atEnd = page.at_end;
    this.#trimFront();
  }

  /** What comes before. */
  prepend(page: LogPage): void {
    const first = this.items[0]?.seq ?? 0;
    const added = itemsOf(page, page.skipped, first - page.lines.length - (page.skipped > 0 ? 1 : 0), null);
    this.items.unshift(...added);
    this.#count(added, 1);
    this.from = page.from;
    this.atBegin = page.at_begin;
    this.#trimEnd();
  }

  /** Where a line of this cursor is, or the first one after it; nothing outside of what is here. */
  find(cursor: LogCursor): number | null {
    if (this.items.length === 0 || distance(this.from, cursor) < 0 || distance(cursor, this.to) <= 0)
      return null;
    let [low, high] = [0, this.items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (distance(this.items[middle]?.cursor ?? "0", cursor) > 0) low = middle + 1;
      else high = middle;
    }
    // A mark has the place of the line behind it.
    if ((this.items[low]?.skipped ?? 0) > 0) low += 1;
    return low < this.items.length ? low : null;
  }

  #count(items: readonly Item[], sign: 1 | -1): void {
    for (const { plain, skipped } of items) {
      this.#characters += sign * plain.length;
      if (skipped === 0) this.#lines += sign;
    }
  }

  /** A tenth more than it must, so that not every line moves all others. */
  #excess(order: "front" | "end"): number {
    if (this.#lines <= MOST_LINES && this.#characters <= MOST_CHARACTERS) return 0;
    let [lines, characters, n] = [this.#lines, this.#characters, 0];
    while (n < this.items.length - 1 && (lines > MOST_LINES || characters > MOST_CHARACTERS)) {
      const item = this.items[order === "front" ? n : this.items.length - 1 - n];
      characters -= item?.plain.length ?? 0;
      if (item?.skipped === 0) lines -= 1;
      n += 1;
    }
    return n;
  }

  #trimFront(): void {
    const excess = this.#excess("front");
    if (excess === 0) return;
    this.#count(this.items.splice(0, excess), -1);
    this.gone += excess;
    this.from = this.items[0]?.cursor ?? this.to;
    this.atBegin = false;
  }

  #trimEnd(): void {
    const excess = this.#excess("end");
    if (excess === 0) return;
    const dropped = this.items.splice(this.items.length - excess);
    this.#count(dropped, -1);
    this.to = dropped[0]?.cursor ?? this.to;
    this.atEnd = false;
  }
}

/** Bytes from one place to another; less than nothing when the other is before it. */
export function distance(from: LogCursor, to: LogCursor): number {
  return Number(BigInt(to) - BigInt(from));
}

function itemsOf(page: LogPage, skipped: number, first: number, known: LogCursor | null): Item[] {
  const items: Item[] = [];
  const seq = () => first + items.length;
  if (skipped > 0)
    items.push({
      seq: seq(),
      cursor: page.from,
      at: page.lines[0]?.at ?? 0,
      stream: "note",
      level: null,
      text: "",
      plain: "",
      cut: 0,
      skipped,
    });
  for (const { cursor, at, stream, text, cut, level } of page.lines) {
    // What is here already comes again when the newest lines are asked for.
    if (known !== null && distance(cursor, known) > 0) continue;
    items.push({
      seq: seq(),
      cursor,
      at,
      stream,
      level: level ?? null,
      text,
      plain: plainOf(text),
      cut: cut ?? 0,
      skipped: 0,
    });
  }
  return items;
}
