import { describe as suite, expect, it } from "vitest";

import type { SpanKind } from "../host/bindings/SpanKind";
import type { StripSpan } from "../host/bindings/StripSpan";
import { random } from "./random.test-help";
import { barsOf, describe, grown } from "./strip";
import { HOUR } from "./time";

const TO = 1_800_000_000_000;
const FROM = TO - 24 * HOUR;
const span = (kind: SpanKind, from: number, to: number, beats = 0): StripSpan => ({
  kind,
  from: TO - from * HOUR,
  to: TO - to * HOUR,
  beats,
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
  it("counts beats and gaps, and names the longest one", () => {
    const spans = [
      span("confirmed", 24, 12, 2000),
      span("missed", 12, 11.95),
      span("confirmed", 11.95, 5, 800),
      span("own_network", 5, 4.9),
      span("confirmed", 4.9, 0, 71),
    ];
    expect(describe(spans, FROM, TO)).toBe("last 24 h: 2,871 beats, 2 gaps, longest 6 min, own network");
  });

  it("joins neighbours into one gap, and does not call sleep one", () => {
    const spans = [
      span("confirmed", 24, 12, 10),
      span("unconfirmed", 12, 11),
      span("missed", 11, 10),
      span("asleep", 10, 2),
      span("confirmed", 2, 0, 1),
    ];
    expect(describe(spans, FROM, TO)).toBe("last 24 h: 11 beats, 1 gap, longest 2 h 00 min, missed");
  });

  it("counts the share of beats that is in sight", () => {
    expect(describe([span("confirmed", 48, 0, 2000)], FROM, TO)).toBe("last 24 h: 1,000 beats, no gaps");
  });

  it("says when there is nothing", () => {
    expect(describe([], FROM, TO)).toBe("last 24 h: nothing recorded");
  });
});
