import { describe, expect, it } from "vitest";

import type { LogPage } from "../host/host";
import { distance, LogBuffer, MOST_CHARACTERS, MOST_LINES } from "./buffer";
import { ALL, fits, Layout } from "./layout";

/** Lines `from` to `to` of a log in which every line has ten bytes. */
function page(
  from: number,
  to: number,
  change: Partial<LogPage> = {},
  text = (n: number) => `line ${n}`,
): LogPage {
  return {
    lines: Array.from({ length: to - from }, (_, n) => ({
      cursor: String((from + n) * 10),
      at: from + n,
      stream: "out",
      text: text(from + n),
    })),
    from: String(from * 10),
    to: String(to * 10),
    oldest: "0",
    skipped: 0,
    at_begin: from === 0,
    at_end: true,
    ...change,
  };
}

function bufferOf(...pages: LogPage[]): LogBuffer {
  const buffer = new LogBuffer();
  const [first, ...rest] = pages;
  if (first) buffer.replace(first);
  for (const each of rest) buffer.append(each);
  return buffer;
}

const seqs = (buffer: LogBuffer) => buffer.items.map(({ seq }) => seq);

describe("the buffer of a log", () => {
  it("marks what is not there, and what was lost before it was read", () => {
    const buffer = bufferOf(page(0, 2), page(5, 6), page(6, 7, { skipped: 70 }));
    expect(buffer.items.map(({ plain, skipped }) => plain || skipped)).toEqual([
      "line 0",
      "line 1",
      30,
      "line 5",
      70,
      "line 6",
    ]);
    expect(seqs(buffer)).toEqual([0, 1, 2, 3, 4, 5]);
    expect(buffer.lines).toBe(4);
  });

  it("takes no line twice when the newest are asked for", () => {
    const buffer = bufferOf(page(0, 4), page(2, 6));
    expect(buffer.items.map(({ plain }) => plain)).toEqual([0, 1, 2, 3, 4, 5].map((n) => `line ${n}`));
  });

  it("keeps so many lines and no more, at either end, and knows where it goes on", () => {
    const buffer = bufferOf(page(10, MOST_LINES), page(MOST_LINES, MOST_LINES + 100));
    expect(buffer.lines).toBe(MOST_LINES);
    expect([buffer.from, buffer.gone, buffer.atBegin]).toEqual(["1000", 90, false]);
    buffer.prepend(page(60, 100, { at_begin: false }));
    expect(buffer.lines).toBe(MOST_LINES);
    expect([buffer.from, buffer.to, buffer.atEnd]).toEqual(["600", String((MOST_LINES + 60) * 10), false]);
    expect(distance(buffer.items.at(-1)?.cursor ?? "", buffer.to)).toBe(10);
  });

  it("keeps so many characters and no more", () => {
    const long = "x".repeat(65_536);
    const buffer = new LogBuffer();
    for (let n = 0; n < 4; n += 1) buffer.append(page(n * 100, n * 100 + 100, {}, () => long));
    expect(buffer.lines * 65_536).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(buffer.lines).toBeGreaterThan(200);
  });

  it("finds a line by its place, also beyond what a number of JavaScript can hold", () => {
    const buffer = bufferOf(page(5, 10), page(12, 20));
    expect(buffer.items[buffer.find("70") ?? -1]?.plain).toBe("line 7");
    expect(buffer.items[buffer.find("120") ?? -1]?.plain, "not the mark before it").toBe("line 12");
    expect([buffer.find("40"), buffer.find("200")]).toEqual([null, null]);
    expect(distance("18446744073709551610", "18446744073709551611")).toBe(1);
  });
});

describe("rows of a log", () => {
  const items = bufferOf(page(0, 4, {}, (n) => "abcdefghij".repeat(n))).items;

  it("are one a line, or as many as it takes", () => {
    expect(new Layout(items, ALL, 0).count).toBe(4);
    const layout = new Layout(items, ALL, 10);
    expect(layout.count).toBe(1 + 1 + 2 + 3);
    const rows = Array.from({ length: 7 }, (_, at) => layout.row(at)).map((row) => [
      row?.item.seq,
      row?.start,
      row?.end,
    ]);
    expect(rows).toEqual([
      [0, 0, 0],
      [1, 0, 10],
      [2, 0, 10],
      [2, 10, 20],
      [3, 0, 10],
      [3, 10, 20],
      [3, 20, 30],
    ]);
    expect([layout.indexOf(2), layout.indexOf(3), layout.row(7)]).toEqual([2, 4, null]);
  });

  it("have room for signs that are two columns wide, and do not part them", () => {
    const wide = bufferOf(page(0, 1, {}, () => "日本語😀x")).items;
    const layout = new Layout(wide, ALL, 4);
    expect(
      Array.from({ length: layout.count }, (_, at) => layout.row(at)).map((row) =>
        row?.item.plain.slice(row.start, row.end),
      ),
    ).toEqual(["日本", "語😀", "x"]);
  });

  it("are those that were asked for, with what Beatkeeper noted", () => {
    const [item] = items;
    if (!item) throw new Error("no line");
    const of = (change: object) => ({ ...item, ...change });
    expect(fits(of({ stream: "err" }), { stream: "out", level: "all" })).toBe(false);
    expect(fits(of({ stream: "note" }), { stream: "out", level: "error" })).toBe(true);
    expect(fits(of({ level: "warn" }), { stream: "all", level: "warn" })).toBe(true);
    expect(fits(of({ level: null }), { stream: "all", level: "info" })).toBe(false);
  });
});
