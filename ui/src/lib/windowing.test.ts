import { describe, expect, it } from "vitest";

import { indicesOf, scrollToShow, windowOf } from "./windowing";

describe("windowOf", () => {
  it("always covers what is seen, and never more than a few rows around it", () => {
    for (const count of [0, 1, 7, 30, 10_000])
      for (let scroll = 0; scroll <= count * 36; scroll += 97) {
        const { from, to } = windowOf(scroll, 500, 36, count);
        expect(from).toBeLessThanOrEqual(Math.min(count, Math.floor(scroll / 36)));
        expect(to).toBeGreaterThanOrEqual(Math.min(count, Math.ceil((scroll + 500) / 36)));
        expect(to).toBeLessThanOrEqual(count);
        expect(to - from).toBeLessThanOrEqual(14 + 4 * 8);
      }
  });

  it("does not change with every pixel", () => {
    expect(windowOf(1000, 500, 36, 1000)).toEqual(windowOf(1010, 500, 36, 1000));
  });

  it("survives rubber-band scrolling and a list that shrank under it", () => {
    expect(windowOf(-80, 500, 36, 100).from).toBe(0);
    expect(windowOf(90_000, 500, 36, 3)).toEqual({ from: 3, to: 3 });
  });
});

it("indicesOf keeps the row with the focus, once and in order", () => {
  const window = { from: 10, to: 13 };
  expect(indicesOf(window, -1)).toEqual([10, 11, 12]);
  expect(indicesOf(window, 11)).toEqual([10, 11, 12]);
  expect(indicesOf(window, 2)).toEqual([2, 10, 11, 12]);
  expect(indicesOf(window, 13)).toEqual([10, 11, 12, 13]);
  expect(indicesOf(window, 9)).toEqual([9, 10, 11, 12]);
  expect(indicesOf(window, 500)).toEqual([10, 11, 12, 500]);
});

it("scrollToShow moves as little as it has to", () => {
  expect(scrollToShow(5, 0, 500, 36, 32)).toBe(0);
  expect(scrollToShow(2, 360, 500, 36, 32)).toBe(72);
  expect(scrollToShow(20, 0, 500, 36, 32)).toBe(21 * 36 - 500 + 32);
});
