import { afterEach, beforeEach, expect, it, vi } from "vitest";

import { EngineClock } from "./clock";

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_250 });
});
afterEach(() => {
  vi.useRealTimers();
});

function clock() {
  const ticks: number[] = [];
  const started = Date.now();
  const made = new EngineClock(
    (now) => ticks.push(now),
    () => Date.now() - started,
    () => Date.now(),
  );
  return { made, ticks };
}

it("ticks at whole seconds of engine time", async () => {
  const { made, ticks } = clock();
  made.start();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(ticks.map((at) => at % 1000)).toEqual([0, 0, 0]);
  made.stop();
  await vi.advanceTimersByTimeAsync(3_000);
  expect(ticks).toHaveLength(3);
});

it("rests while hidden, and is right at once when seen again", async () => {
  const { made, ticks } = clock();
  made.start();
  made.setVisible(false);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(ticks).toEqual([]);
  made.setVisible(true);
  expect(ticks).toEqual([Date.now()]);
  made.stop();
});

it("follows the engine when it is elsewhere, and does not stutter for the time a message takes", () => {
  const { made } = clock();
  const here = made.now();
  made.sync(here - 120);
  expect(made.now()).toBe(here);
  made.sync(here + 74_000);
  expect(made.now()).toBe(here + 74_000);
});
