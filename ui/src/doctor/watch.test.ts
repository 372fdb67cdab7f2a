import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { FixtureHost } from "../host/fixture";
import { demoRows } from "../host/fixture/rows";
import { groupsOf, progressWords, sumWords } from "./words";
import { Watch } from "./watch.svelte";

const ASKED = { symptom: null, hold: null, listen: false };

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function watched() {
  const host = new FixtureHost(demoRows(Date.now()));
  const id = [...host.rows.keys()][0] ?? "";
  const watch = new Watch(host, id);
  return { host, id, watch, looked: vi.spyOn(host, "doctorLook") };
}

function hide(hidden: boolean): void {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
}

describe("a run that is followed", () => {
  it("is read four times a second until it is done", async () => {
    const { watch, looked } = watched();
    const end = watch.follow();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(looked, "there is none").toHaveBeenCalledTimes(1);
    expect([watch.known, watch.run]).toEqual([true, null]);
    await watch.start(ASKED);
    expect(watch.underWay).toBe(true);
    await vi.advanceTimersByTimeAsync(500);
    expect(looked).toHaveBeenCalledTimes(3);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(watch.run?.done).toBe(true);
    const reads = looked.mock.calls.length;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(looked).toHaveBeenCalledTimes(reads);
    end();
  });

  it("rests while the window is hidden, and for good when nobody follows it", async () => {
    const { watch, looked } = watched();
    const end = watch.follow();
    await watch.start(ASKED);
    hide(true);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(looked).toHaveBeenCalledTimes(1);
    hide(false);
    await vi.advanceTimersByTimeAsync(0);
    expect(looked).toHaveBeenCalledTimes(2);
    end();
    await vi.advanceTimersByTimeAsync(3_000);
    hide(true);
    hide(false);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(looked).toHaveBeenCalledTimes(2);
  });

  it("is not taken for the one that replaced it", async () => {
    const { host, id, watch, looked } = watched();
    const old = await host.doctorStart(id, { ...ASKED, symptom: "drops" });
    const end = watch.follow();
    await vi.advanceTimersByTimeAsync(0);
    let late = (): void => undefined;
    looked.mockImplementationOnce(() => new Promise((resolve) => (late = () => resolve(old))));
    await vi.advanceTimersByTimeAsync(250);
    await watch.start({ ...ASKED, symptom: "inactive" });
    late();
    await vi.advanceTimersByTimeAsync(0);
    expect(watch.run?.symptom).toBe("inactive");
    end();
  });

  it("has been forgotten by an engine that does not know it any more", async () => {
    const { host, watch } = watched();
    const end = watch.follow();
    await watch.start(ASKED);
    host.forgetRuns();
    await vi.advanceTimersByTimeAsync(250);
    expect([watch.run, watch.lost]).toEqual([null, true]);
    await watch.start(ASKED);
    expect(watch.lost).toBe(false);
    end();
  });

  it("is as far as it had come when it was stopped here", async () => {
    const { host, watch, looked } = watched();
    const end = watch.follow();
    await watch.start(ASKED);
    await vi.advanceTimersByTimeAsync(500);
    const { run } = watch;
    await watch.stop();
    expect([watch.stopped, watch.underWay, watch.lost]).toEqual([true, false, false]);
    const reads = looked.mock.calls.length;
    await vi.advanceTimersByTimeAsync(2_000);
    expect([watch.run, looked.mock.calls.length]).toEqual([run, reads]);
    await watch.start(ASKED);
    expect([watch.stopped, watch.underWay]).toEqual([false, true]);
    host.doctorStop = () => Promise.reject({ code: "x", sentence: "No.", remedy: "" });
    await watch.stop();
    expect([watch.refused?.sentence, watch.underWay], "it goes on").toEqual(["No.", true]);
    end();
  });

  it("is asked for less often while the engine does not answer", async () => {
    const { watch, looked } = watched();
    looked.mockRejectedValue({ code: "engine.gone", sentence: "Gone.", remedy: "" });
    const end = watch.follow();
    await vi.advanceTimersByTimeAsync(2_500);
    expect(looked).toHaveBeenCalledTimes(3);
    expect([watch.known, watch.problem?.sentence]).toEqual([false, "Gone."]);
    looked.mockResolvedValue(null);
    await vi.advanceTimersByTimeAsync(1_000);
    expect([watch.known, watch.problem]).toEqual([true, null]);
    end();
  });
});

it("the checks are summed up, the worst first, and those of a layer are together", async () => {
  const { host, id } = watched();
  const run = await host.doctorStart(id, ASKED);
  expect(progressWords(run)).toBe("0 of 23 looked at");
  for (let looks = 0; looks < 40; looks += 1) await host.doctorLook(id);
  const done = await host.doctorLook(id);
  expect(done && sumWords(done)).toBe("2 wrong, 18 fine, 1 cannot be told, 2 not asked");
  const groups = groupsOf(run.checks);
  expect(groups.flatMap(({ checks }) => checks)).toEqual(run.checks);
  expect(new Set(groups.map(({ layer }) => layer)).size).toBe(groups.length);
});
