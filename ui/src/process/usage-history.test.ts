import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, openWindow, rowOf } from "../app.test-help";
import type { UsagePoint } from "../host/bindings/UsagePoint";
import { FixtureHost } from "../host/fixture";
import { localRows } from "../host/fixture/runs";
import { hourMinute } from "../lib/time";
import { ACROSS, describeUsage, pieces, pointWords, steps } from "./graph";

const QUARTER = 900_000;
const MB = 1024 * 1024;
const NOON = new Date(2026, 10, 22, 12).getTime();

function point(quarters: number, change: Partial<UsagePoint> = {}): UsagePoint {
  return {
    at: NOON + quarters * QUARTER,
    span_ms: QUARTER,
    cpu_mean: 2,
    cpu_max: 10,
    memory_min: 85 * MB,
    memory_mean: 90 * MB,
    memory_max: 95 * MB,
    threads: 9,
    open_files: 31,
    starts: 0,
    ...change,
  };
}

describe("what is drawn of costs", () => {
  it("ends where nothing ran and where it was started anew", () => {
    const points = [point(0), point(1), point(4), point(5, { starts: 1 }), point(6)];
    expect(pieces(points).map((piece) => piece.map(({ at }) => (at - NOON) / QUARTER))).toEqual([
      [0, 1],
      [4],
      [5, 6],
    ]);
    const lines = steps(points, [NOON, NOON + 10 * QUARTER], ({ threads }) => threads);
    const ends = lines.map((line) => [line[0]?.x, line.at(-1)?.x]);
    expect(ends).toEqual([
      [0, 120],
      [240, 300],
      [303, 420],
    ]);
    expect(lines[0]).toHaveLength(4);
  });

  it("stays between its edges", () => {
    const [line] = steps(
      [point(-1, { span_ms: 20 * QUARTER })],
      [NOON, NOON + 10 * QUARTER],
      ({ starts }) => starts,
    );
    expect(line).toEqual([
      { x: 0, y: 0 },
      { x: ACROSS, y: 0 },
    ]);
  });
});

describe("costs in words", () => {
  it("are a sentence of all the time", () => {
    const now = NOON + 5 * QUARTER;
    const points = [
      point(0),
      point(1, { cpu_mean: 4, cpu_max: 40, memory_max: 120 * MB }),
      point(3, { starts: 2 }),
    ];
    const at = hourMinute(NOON + QUARTER, now);
    expect(describeUsage(points, 24, now)).toBe(
      `Last 24 h: memory 85 MB to 120 MB, CPU mean 3 %, highest 40 % at ${at}, started 2 times`,
    );
    expect(describeUsage(points, 720, now)).toContain(`40 % about ${at}`);
    expect(describeUsage([], 168, now)).toBe("Last 7 d: it did not run here");
  });

  it("count a long time for more than a short one", () => {
    const points = [point(0, { cpu_mean: 0 }), point(1, { cpu_mean: 40, span_ms: 3 * QUARTER })];
    expect(describeUsage(points, 24, NOON)).toContain("CPU mean 30 %");
  });

  it("are a sentence of one point", () => {
    const now = NOON + 5 * QUARTER;
    const [from, to] = [hourMinute(NOON, now), hourMinute(NOON + QUARTER, now)];
    expect(pointWords(point(0, { starts: 1 }), now)).toBe(
      `${from} to ${to}: CPU 2 %, highest 10 %; memory 90 MB, 85 MB to 95 MB; 9 threads, 31 files, started once`,
    );
    const steady = { memory_min: 90 * MB, memory_max: 90 * MB, open_files: null };
    expect(pointWords(point(0, steady), now)).toMatch(/memory 90 MB, steady at 90 MB; 9 threads$/);
  });
});

describe("the history of costs on an agent's page", () => {
  const said = () => screen.getByTestId("usage-said").textContent?.trim();
  const text = () => screen.getByTestId("usage-text").textContent?.trim() ?? "";

  async function openUsage(name: string, prepare: (host: FixtureHost) => void = () => undefined) {
    const host = new FixtureHost(localRows(Date.now()));
    prepare(host);
    await openWindow(host);
    const id = rowOf(name).dataset.id ?? "";
    await fireEvent.click(rowOf(name));
    await fireEvent.click(screen.getByTestId("tab-process"));
    await waitFor(() => expect(screen.getByTestId("usage-history")).toBeTruthy());
    await waitFor(() => expect(text()).not.toBe("loading"));
    return { host, id };
  }

  it("is two graphs with the same in words, and its gap is seen", async () => {
    await openUsage("weather-agent");
    expect(text()).toMatch(
      /^Last 24 h: memory \d+ MB to \d+ MB, CPU mean \d+ %, highest \d+ % at .+, started once$/,
    );
    const graphs = screen.getAllByTestId("usage-graph");
    expect(graphs.map((graph) => graph.querySelectorAll("polyline").length)).toEqual([2, 2]);
    await expectAccessible();
  });

  it("is walked by keys", async () => {
    await openUsage("weather-agent");
    const walk = screen.getByTestId("usage-walk");
    const last = said();
    await fireEvent.keyDown(walk, { key: "ArrowLeft" });
    const before = said();
    expect(before).not.toBe(last);
    await fireEvent.keyDown(walk, { key: "Home" });
    expect(screen.getByRole("option", { name: /CPU/ }).getAttribute("aria-posinset")).toBe("1");
    await fireEvent.keyDown(walk, { key: "ArrowLeft" });
    expect(screen.getByRole("option", { name: /CPU/ }).getAttribute("aria-posinset")).toBe("1");
    await fireEvent.keyDown(walk, { key: "End" });
    expect(said()).toBe(last);
  });

  it("is asked for of another time", async () => {
    let asked = vi.fn();
    const { id } = await openUsage("weather-agent", (host) => (asked = vi.spyOn(host, "agentUsage")));
    const range = () => {
      const [of, from, to] = asked.mock.lastCall as [string, number, number];
      expect(of).toBe(id);
      return (to - from) / 3_600_000;
    };
    expect(range()).toBe(24);
    await fireEvent.click(screen.getByTestId("usage-range-720"));
    await waitFor(() => expect(text()).toMatch(/^Last 30 d: /));
    expect(range()).toBe(720);
  });

  it("says so where nothing ran, and where it cannot be read", async () => {
    const { host } = await openUsage("nightly-eval");
    expect(text()).toBe("Last 24 h: it did not run here");
    expect(screen.queryByTestId("usage-walk")).toBeNull();
    vi.spyOn(host, "agentUsage").mockRejectedValue({
      code: "store.busy",
      sentence: "It is held.",
      remedy: "",
    });
    await fireEvent.click(screen.getByTestId("usage-range-168"));
    await waitFor(() => expect(text()).toBe("It is held."));
  });
});
