import { describe, expect, it } from "vitest";

import { ago, clockOffset, countdown, length, share, trip, until } from "./time";

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;
/** Noon of a day, so that hours back stay within it or leave it as meant. */
const NOON = new Date(2026, 10, 22, 12, 0, 0).getTime();

describe("ago", () => {
  it.each([
    [0, "now"],
    [-5 * S, "now"],
    [999, "now"],
    [4 * S, "4 s ago"],
    [59_999, "59 s ago"],
    [MIN, "1 min ago"],
    [112 * S, "1 min 52 s ago"],
    [5 * MIN, "5 min ago"],
    [18 * MIN + 40 * S, "18 min ago"],
    [3 * H, "3 h ago"],
    [17 * H, "yesterday"],
    [30 * H, "yesterday"],
    [40 * H, "2 d ago"],
    [12 * 24 * H, "12 d ago"],
  ])("%d ms is %s", (age, text) => {
    expect(ago(NOON - age, NOON)).toBe(text);
  });

  it("says never when it never was", () => {
    expect(ago(null, NOON)).toBe("never");
  });

  it("does not call a few hours across midnight yesterday", () => {
    const night = new Date(2026, 10, 22, 1, 0, 0).getTime();
    expect(ago(night - 3 * H, night)).toBe("3 h ago");
    expect(ago(night - 7 * H, night)).toBe("yesterday");
  });
});

describe("length", () => {
  it.each([
    [-1, "0 s"],
    [400, "0.4 s"],
    [39 * S, "39 s"],
    [6 * MIN, "6 min"],
    [6 * MIN + 5 * S, "6 min 05 s"],
    [45 * MIN, "45 min"],
    [64 * MIN, "1 h 04 min"],
    [74 * H, "3 d 2 h"],
  ])("%d ms is %s", (ms, text) => {
    expect(length(ms)).toBe(text);
  });
});

describe("countdown", () => {
  it.each([
    [1, "0:01"],
    [59_001, "1:00"],
    [4 * MIN + 51 * S, "4:51"],
    [64 * MIN + 5 * S, "1:04:05"],
  ])("%d ms left is %s", (left, text) => {
    expect(countdown(NOON + left, NOON)).toBe(text);
  });

  it("is nothing once it has passed", () => {
    expect(countdown(NOON, NOON)).toBeNull();
    expect(countdown(NOON - 1, NOON)).toBeNull();
  });
});

it("until counts whole seconds up, never a zero that is not there yet", () => {
  expect(until(NOON + 6_200, NOON)).toBe("in 7 s");
  expect(until(NOON + 1, NOON)).toBe("in 1 s");
  expect(until(NOON, NOON)).toBe("now");
});

it("trips are milliseconds, then seconds, and a dash when unknown", () => {
  expect([trip(null), trip(38), trip(1234)]).toEqual(["—", "38 ms", "1.2 s"]);
});

it("clock offsets carry their sign, and no negative zero", () => {
  expect([100, -74_000, 74_400, -20, 0, -3_600_000].map(clockOffset)).toEqual([
    "+0.1 s",
    "−74 s",
    "+74 s",
    "+0.0 s",
    "+0.0 s",
    "−1 h 00 min",
  ]);
});

describe("share", () => {
  it.each([
    [null, "—"],
    [1, "100 %"],
    [0.99999, "99.9 %"],
    [0.871, "87.1 %"],
    [0, "0.0 %"],
  ])("%s is %s", (part, text) => {
    expect(share(part)).toBe(text);
  });
});
