import { describe as suite, expect, it } from "vitest";

import type { BeatStrip } from "../host/bindings/BeatStrip";
import type { SpanKind } from "../host/bindings/SpanKind";
import type { StripGap } from "../host/bindings/StripGap";
import type { StripSpan } from "../host/bindings/StripSpan";
import { random } from "./random.test-help";
import { barsOf, describe, edgesOf, grown, pixelsOf, RANGES, spanWords } from "./strip";
import { HOUR, moment } from "./time";

const TO = 1_800_000_000_000;
const FROM = TO - 24 * HOUR;
const span = (kind: SpanKind, from: number, to: number, beats = 0): StripSpan => ({
  kind,
  from: TO - from * HOUR,
  to: TO - to * HOUR,
  beats,
  cause: "",
});

suite("barsOf", () => {
  it("draws spans to scale", () => {
    const bars = barsOf([span("confirmed", 24, 12), span("missed", 12, 0)], FROM, TO, 180);
    expect(bars).toEqual([
      { kind: "confirmed", x: 0, width: 90 },
      { kind: "missed", x: 90, width: 90 },
    ]);
  });

  it("keeps a short outage two pixels wide, also at the very end", () => {
    const [before, outage, after] = barsOf(
      [span("confirmed", 24, 12), span("missed", 12, 11.999), span("confirmed", 11.999, 0)],
      FROM,
      TO,
      180,
    );
    expect([before?.kind, outage?.kind, after?.kind]).toEqual(["confirmed", "missed", "confirmed"]);
    expect(outage?.width).toBe(2);
    expect(barsOf([span("confirmed", 24, 0.001), span("missed", 0.001, 0)], FROM, TO, 180).at(-1)).toEqual({
      kind: "missed",
      x: 178,
      width: 2,
    });
  });

  it("knows which stretch a pixel shows", () => {
    const spans = [span("confirmed", 24, 12), span("missed", 12, 11.999), span("confirmed", 11.999, 0)];
    const pixels = pixelsOf(spans, FROM, TO, 180);
    expect([89, 90, 91, 92].map((x) => spans.indexOf(pixels[x] as StripSpan))).toEqual([0, 1, 1, 2]);
  });

  it("leaves out what is before or after", () => {
    expect(barsOf([span("missed", 40, 30), span("missed", -1, -2)], FROM, TO, 180)).toEqual([]);
  });

  it("stays inside, without overlap, with no more bars than pixels, whatever the spans", () => {
    const kinds: SpanKind[] = ["confirmed", "unconfirmed", "missed", "asleep", "own_network", "not_running"];
    for (let seed = 1; seed <= 100; seed += 1) {
      const next = random(seed);
      const spans = Array.from({ length: next(400) }, () => {
        const from = next(30 * 3600) / 3600;
        return span(kinds[next(6)] ?? "confirmed", from, from - next(7200) / 3600);
      });
      let end = 0;
      for (const bar of barsOf(spans, FROM, TO, 180)) {
        expect(bar.x, `seed ${seed}`).toBeGreaterThanOrEqual(end);
        expect(bar.width).toBeGreaterThan(0);
        end = bar.x + bar.width;
      }
      expect(end).toBeLessThanOrEqual(180);
    }
  });
});

suite("grown", () => {
  it("lets an outage grow until now, but beats only as far as three intervals", () => {
    expect(grown([span("missed", 3, 1)], TO, 30_000).at(-1)?.to).toBe(TO);
    expect(grown([span("confirmed", 3, 1)], TO, 30_000).at(-1)?.to).toBe(TO - HOUR + 90_000);
    expect(grown([], TO, 30_000)).toEqual([]);
  });
});

suite("describe", () => {
  const strip = (change: Partial<BeatStrip>): BeatStrip => ({
    from: FROM,
    to: TO,
    spans: [span("confirmed", 24, 0)],
    beats: 2871,
    gaps: 0,
    longest: null,
    uptime: null,
    ...change,
  });
  const gap = (change: Partial<StripGap>): StripGap => ({
    kind: "own_network",
    cause: "own_network",
    from: TO - 2 * HOUR,
    to: TO - 1.9 * HOUR,
    ...change,
  });

  it("words what was counted, and names the longest gap", () => {
    const text = describe(strip({ gaps: 2, longest: gap({}) }), 24, TO);
    expect(text).toBe("last 24 h: 2,871 beats, 2 gaps, longest 6 min, own network");
    const missed = strip({ beats: 1, gaps: 1, longest: gap({ kind: "missed", cause: "link.refused" }) });
    expect(describe(missed, 720, TO)).toBe(
      "last 30 days: 1 beat, 1 gap, longest 6 min, missed, link.refused",
    );
    expect(describe(strip({}), 1, TO)).toBe("last 1 h: 2,871 beats, no gaps");
  });

  it("lets the gap that it ended in go on", () => {
    const open = strip({ gaps: 1, longest: gap({ kind: "missed", cause: "", to: TO }) });
    expect(describe(open, 24, TO + HOUR)).toBe("last 24 h: 2,871 beats, 1 gap, longest 3 h 00 min, missed");
  });

  it("says when there is nothing", () => {
    expect(describe(strip({ spans: [] }), 24, TO)).toBe("last 24 h: nothing recorded");
  });
});

suite("spanWords", () => {
  const at = (hours: number, minutes: number, seconds: number) =>
    new Date(2026, 10, 22, hours, minutes, seconds).getTime();
  const words = (change: Partial<StripSpan>) =>
    spanWords(
      { kind: "missed", cause: "link.refused", from: at(14, 2, 11), to: at(14, 8, 11), beats: 0, ...change },
      at(15, 0, 0),
    );

  it("names kind, times, length, beats and cause", () => {
    expect(words({})).toBe(
      `missed, ${moment(at(14, 2, 11), at(15, 0, 0))} to ${moment(at(14, 8, 11), at(15, 0, 0))}, 6 min, link.refused`,
    );
    expect(words({ kind: "confirmed", cause: "", beats: 12 })).toMatch(/^confirmed, .*, 6 min, 12 beats$/);
    expect(words({ kind: "asleep", cause: "asleep" })).toMatch(/^asleep, .*, 6 min$/);
  });
});

suite("edgesOf", () => {
  it("moves by less than a pixel, and never ends before now", () => {
    for (const hours of RANGES) {
      const [from, to] = edgesOf(hours, TO + 1);
      expect(to - from).toBe(hours * HOUR);
      expect(to).toBeGreaterThan(TO);
      expect(to - TO).toBeLessThanOrEqual((hours * HOUR) / 720);
    }
  });
});
