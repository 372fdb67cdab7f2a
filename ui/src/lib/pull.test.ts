import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { POLL_MS, PullLoop, TIMEOUT_MS } from "./pull";

/** An engine whose answers are given by hand. */
function engine() {
  const calls: { since: number; answer: (revision: number) => void; fail: (error: unknown) => void }[] = [];
  const failed = vi.fn();
  const recovered = vi.fn();
  const loop = new PullLoop({
    pull: (since) => new Promise((answer, fail) => calls.push({ since, answer, fail })),
    failed,
    recovered,
  });
  const settle = () => vi.advanceTimersByTimeAsync(0);
  return { calls, failed, recovered, loop, settle };
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("PullLoop", () => {
  it("has one pull in flight, and makes one of all pokes meanwhile", async () => {
    const { calls, loop, settle } = engine();
    loop.start();
    for (let revision = 1; revision <= 50; revision += 1) loop.poke(revision);
    expect(calls).toHaveLength(1);
    calls[0]?.answer(7);
    await settle();
    expect(calls.map((call) => call.since)).toEqual([0, 7]);
    calls[1]?.answer(50);
    await settle();
    expect(calls).toHaveLength(2);
    loop.stop();
  });

  it("does not pull what it already has", async () => {
    const { calls, loop, settle } = engine();
    loop.start();
    calls[0]?.answer(9);
    await settle();
    loop.poke(9);
    expect(calls).toHaveLength(1);
    loop.poke(10);
    expect(calls).toHaveLength(2);
    loop.stop();
  });

  it("polls when nobody pokes", async () => {
    const { calls, loop, settle } = engine();
    loop.start();
    calls[0]?.answer(1);
    await settle();
    await vi.advanceTimersByTimeAsync(POLL_MS - 1);
    expect(calls).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(calls).toHaveLength(2);
    loop.stop();
  });

  it("says why a pull failed, waits longer each time, ignores pokes meanwhile, and says when it is over", async () => {
    const { calls, failed, recovered, loop, settle } = engine();
    loop.start();
    for (const wait of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      const seen = calls.length;
      calls.at(-1)?.fail("gone");
      await settle();
      expect(failed).toHaveBeenLastCalledWith("gone", Date.now() + wait);
      loop.poke(99);
      await vi.advanceTimersByTimeAsync(wait - 1);
      expect(calls).toHaveLength(seen);
      await vi.advanceTimersByTimeAsync(1);
      expect(calls).toHaveLength(seen + 1);
    }
    expect(recovered).not.toHaveBeenCalled();
    calls.at(-1)?.answer(99);
    await settle();
    expect(recovered).toHaveBeenCalledOnce();

    const seen = calls.length;
    loop.poke(100);
    expect(calls).toHaveLength(seen + 1);
    calls.at(-1)?.fail("gone again");
    await settle();
    expect(failed).toHaveBeenLastCalledWith("gone again", Date.now() + 1_000);
    loop.stop();
  });

  it("asks at once when the user says so", async () => {
    const { calls, loop, settle } = engine();
    loop.start();
    calls[0]?.fail("gone");
    await settle();
    loop.now();
    expect(calls).toHaveLength(2);
    loop.stop();
  });

  it("takes a pull that never answers for a failure", async () => {
    const { failed, loop } = engine();
    loop.start();
    await vi.advanceTimersByTimeAsync(TIMEOUT_MS);
    expect(failed).toHaveBeenCalledOnce();
    expect(failed.mock.calls[0]?.[0]).toMatchObject({ code: "window.timeout" });
    loop.stop();
  });

  it("pulls nothing while hidden, and at once when seen again", async () => {
    const { calls, loop, settle } = engine();
    loop.start();
    calls[0]?.answer(1);
    await settle();
    loop.setHidden(true);
    loop.poke(5);
    await vi.advanceTimersByTimeAsync(60 * POLL_MS);
    expect(calls).toHaveLength(1);
    loop.setHidden(false);
    expect(calls).toHaveLength(2);
    loop.stop();
  });

  it("does nothing after it was stopped", async () => {
    const { calls, failed, loop, settle } = engine();
    loop.start();
    loop.stop();
    calls[0]?.fail("late");
    await settle();
    await vi.advanceTimersByTimeAsync(10 * POLL_MS);
    expect(calls).toHaveLength(1);
    expect(failed).not.toHaveBeenCalled();
  });
});
