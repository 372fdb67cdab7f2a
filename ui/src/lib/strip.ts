import type { SpanKind } from "../host/bindings/SpanKind";
import type { StripSpan } from "../host/bindings/StripSpan";
import { count, length } from "./time";

/** A bar of the strip, in units of its width. */
export interface Bar {
  kind: SpanKind;
  x: number;
  width: number;
}

/** What may hide what when several kinds share a pixel: the one that a person has to see. */
const WEIGHT: Record<SpanKind, number> = {
  missed: 6,
  unconfirmed: 5,
  own_network: 4,
  confirmed: 3,
  asleep: 2,
  not_running: 1,
};

/**
 * The strip as bars of whole pixels. A two-second outage in 24 hours is still two pixels wide, because it is what the
 * strip is looked at for; a strip of a thousand spans has no more bars than pixels.
 */
export function barsOf(spans: readonly StripSpan[], from: number, to: number, width: number): Bar[] {
  const pixels = new Array<SpanKind | null>(width).fill(null);
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
      if (there === null || WEIGHT[span.kind] > WEIGHT[there]) pixels[x] = span.kind;
    }
  }

  const bars: Bar[] = [];
  for (let x = 0; x < width; x += 1) {
    const kind = pixels[x] ?? null;
    if (kind === null) continue;
    const last = bars.at(-1);
    if (last && last.kind === kind && last.x + last.width === x) last.width += 1;
    else bars.push({ kind, x, width: 1 });
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

const CAUSE: Partial<Record<SpanKind, string>> = {
  missed: "missed",
  unconfirmed: "not confirmed",
  own_network: "own network",
  asleep: "computer asleep",
  not_running: "not running",
};

/** The strip in words: `last 24 h: 2,871 beats, 2 gaps, longest 6 min, own network`. */
export function describe(spans: readonly StripSpan[], from: number, to: number): string {
  const hours = Math.round((to - from) / 3_600_000);
  const shown = spans.filter((span) => span.to > from && span.from < to);
  if (shown.length === 0) return `last ${hours} h: nothing recorded`;
  const beats = shown
    .filter((span) => span.kind === "confirmed")
    .reduce((sum, span) => sum + Math.round(span.beats * share(span, from, to)), 0);
  const gaps = gapsOf(shown, from, to);
  const counted = `last ${hours} h: ${count(beats)} ${beats === 1 ? "beat" : "beats"}`;
  if (gaps.length === 0) return `${counted}, no gaps`;
  const longest = gaps.reduce((a, b) => (b.ms > a.ms ? b : a));
  const cause = CAUSE[longest.kind] ?? longest.kind;
  return `${counted}, ${gaps.length} ${gaps.length === 1 ? "gap" : "gaps"}, longest ${length(longest.ms)}, ${cause}`;
}

/** Stretches without a confirmed beat, each named by its worst kind. Sleep and stops that were asked for are no gaps. */
function gapsOf(spans: readonly StripSpan[], from: number, to: number): { kind: SpanKind; ms: number }[] {
  const gaps: { kind: SpanKind; ms: number }[] = [];
  let open = false;
  for (const span of spans) {
    if (span.kind === "confirmed" || span.kind === "asleep" || span.kind === "not_running") {
      open = false;
      continue;
    }
    const ms = Math.min(span.to, to) - Math.max(span.from, from);
    const last = gaps.at(-1);
    if (open && last) {
      last.ms += ms;
      if (WEIGHT[span.kind] > WEIGHT[last.kind]) last.kind = span.kind;
    } else gaps.push({ kind: span.kind, ms });
    open = true;
  }
  return gaps;
}

function share(span: StripSpan, from: number, to: number): number {
  const whole = span.to - span.from;
  return whole <= 0 ? 1 : (Math.min(span.to, to) - Math.max(span.from, from)) / whole;
}
