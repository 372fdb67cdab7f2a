import type { BeatStrip } from "../host/bindings/BeatStrip";
import type { SpanKind } from "../host/bindings/SpanKind";
import type { StripSpan } from "../host/bindings/StripSpan";
import type { Hours } from "../host/host";
import { count, HOUR, length, moment } from "./time";

/** A bar of the strip, in units of its width. */
export interface Bar {
  kind: SpanKind;
  x: number;
  width: number;
}

export const RANGES: readonly Hours[] = [1, 24, 720];

/** `24 h` */
export const rangeOf = (hours: Hours): string => (hours === 720 ? "30 days" : `${hours} h`);

/** For a choice among them. */
export const RANGE_OPTIONS = RANGES.map((key) => ({ key, word: rangeOf(key) }));

/** In words, and in the order of a legend. */
export const KINDS: Record<SpanKind, string> = {
  confirmed: "confirmed",
  unconfirmed: "unconfirmed",
  missed: "missed",
  asleep: "asleep",
  own_network: "own network",
  not_running: "not running",
};

/** What may hide what when several kinds share a pixel: the one that a person has to see. */
const WEIGHT: Record<SpanKind, number> = {
  missed: 6,
  unconfirmed: 5,
  own_network: 4,
  confirmed: 3,
  asleep: 2,
  not_running: 1,
};

/** From and to where a strip is drawn. It moves on when that is worth a pixel. */
export function edgesOf(hours: Hours, now: number): [from: number, to: number] {
  const step = (hours * HOUR) / 720;
  const to = Math.ceil(now / step) * step;
  return [to - hours * HOUR, to];
}

/**
 * What is on each pixel. A two-second outage in 24 hours is still two pixels wide, because it is what the strip is looked
 * at for; a strip of a thousand spans has no more bars than pixels.
 */
export function pixelsOf(
  spans: readonly StripSpan[],
  from: number,
  to: number,
  width: number,
): (StripSpan | null)[] {
  const pixels = new Array<StripSpan | null>(width).fill(null);
  const scale = width / (to - from);
  for (const span of spans) {
    if (span.to < from || span.from > to) continue;
    let start = Math.floor((Math.max(span.from, from) - from) * scale);
    let end = Math.ceil((Math.min(span.to, to) - from) * scale);
    if (end - start < 2 && WEIGHT[span.kind] > WEIGHT.confirmed) end = start + 2;
    if (end > width) [start, end] = [Math.max(0, start - (end - width)), width];
    if (end <= start) end = Math.min(width, start + 1);
    for (let x = start; x < end; x += 1) {
      const there = pixels[x] ?? null;
      if (there === null || WEIGHT[span.kind] > WEIGHT[there.kind]) pixels[x] = span;
    }
  }
  return pixels;
}

/** The strip as bars of whole pixels. */
export function barsOf(spans: readonly StripSpan[], from: number, to: number, width: number): Bar[] {
  const bars: Bar[] = [];
  for (const [x, span] of pixelsOf(spans, from, to, width).entries()) {
    if (span === null) continue;
    const last = bars.at(-1);
    if (last?.kind === span.kind && last.x + last.width === x) last.width += 1;
    else bars.push({ kind: span.kind, x, width: 1 });
  }
  return bars;
}

/** The last span grows until the engine begins another; beats that stopped without one are not drawn on for ever. */
export function grown(spans: readonly StripSpan[], now: number, intervalMs: number): StripSpan[] {
  const last = spans.at(-1);
  if (!last || last.to >= now) return [...spans];
  const beating = last.kind === "confirmed" || last.kind === "unconfirmed";
  const to = beating ? Math.min(now, last.to + 3 * intervalMs) : now;
  return [...spans.slice(0, -1), { ...last, to }];
}

/** The strip in words: `last 24 h: 2,871 beats, 2 gaps, longest 6 min, own network`. */
export function describe(strip: BeatStrip, hours: Hours, now: number): string {
  const { spans, beats, gaps, longest, to } = strip;
  const range = `last ${rangeOf(hours)}`;
  if (spans.length === 0) return `${range}: nothing recorded`;
  const counted = `${range}: ${many(beats, "beat")}`;
  if (gaps === 0 || longest === null) return `${counted}, no gaps`;
  // The gap that it ended in goes on.
  const lasted = (longest.to < to ? longest.to : Math.max(now, to)) - longest.from;
  return [counted, many(gaps, "gap"), `longest ${length(lasted)}`, ...whyOf(longest)].join(", ");
}

/** One stretch of it: `missed, 14:02:11 to 14:08:30, 6 min 19 s, link.refused`. */
export function spanWords(span: StripSpan, now: number): string {
  const [kind, ...cause] = whyOf(span);
  // What is drawn may be a pixel ahead of the clock.
  const to = Math.max(span.from, Math.min(span.to, now));
  const time = `${moment(span.from, now)} to ${moment(to, now)}`;
  const beats = span.beats > 0 ? [many(span.beats, "beat")] : [];
  return [kind, time, length(to - span.from), ...beats, ...cause].join(", ");
}

/** A cause that is the kind itself is said once. */
function whyOf({ kind, cause }: { kind: SpanKind; cause: string }): string[] {
  return cause === "" || cause === kind ? [KINDS[kind]] : [KINDS[kind], cause];
}

function many(number: number, word: string): string {
  return `${count(number)} ${word}${number === 1 ? "" : "s"}`;
}
