import { cssOf, spansOf } from "./ansi";

/** A stretch of a row that looks the same. */
export interface Piece {
  text: string;
  css: string | null;
  /** It is what is searched for. */
  found: boolean;
}

/** What to look for in lines; what is no pattern here is looked for as it is. */
export function patternOf(typed: string): RegExp | null {
  if (typed === "") return null;
  try {
    return new RegExp(typed, "giu");
  } catch {
    return new RegExp(typed.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"), "giu");
  }
}

/** So many places in a row are marked. */
const MOST = 200;

/** Characters `start` to `end` of a line with its colours, and what was found in them. */
export function piecesOf(
  text: string,
  plain: string,
  start: number,
  end: number,
  wanted: RegExp | null,
): Piece[] {
  const found = wanted === null ? [] : rangesOf(plain, start, end, wanted);
  const pieces: Piece[] = [];
  let at = 0;
  for (const { text: piece, style } of spansOf(text)) {
    const [from, to] = [Math.max(start, at), Math.min(end, at + piece.length)];
    at += piece.length;
    if (from >= to) {
      if (at >= end) break;
      continue;
    }
    const css = style === null ? null : cssOf(style);
    let done = from;
    for (const [first, last] of found) {
      if (last <= done || first >= to) continue;
      if (first > done) pieces.push({ text: plain.slice(done, first), css, found: false });
      const next = Math.min(last, to);
      pieces.push({ text: plain.slice(Math.max(first, done), next), css, found: true });
      done = next;
    }
    if (done < to) pieces.push({ text: plain.slice(done, to), css, found: false });
  }
  return pieces;
}

function rangesOf(plain: string, start: number, end: number, wanted: RegExp): [number, number][] {
  const ranges: [number, number][] = [];
  // What begins shortly before the row may reach into it.
  const from = Math.max(0, start - 200);
  for (const match of plain.slice(from, end + 200).matchAll(wanted)) {
    if (match[0] === "") continue;
    ranges.push([from + match.index, from + match.index + match[0].length]);
    if (ranges.length === MOST) break;
  }
  return ranges;
}
