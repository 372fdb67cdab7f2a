import { afterEach, describe, expect, it, vi } from "vitest";

import { openHost } from ".";

afterEach(() => vi.unstubAllEnvs());

describe("a page without the desktop app", () => {
  it("has a fleet in memory during development", async () => {
    vi.useFakeTimers();
    const delta = await (await openHost())?.fleetDelta(0);
    expect(delta?.rows).toHaveLength(12);
    vi.useRealTimers();
  });

  it("has nothing to show when it is shipped", async () => {
    vi.stubEnv("PROD", true);
    expect(await openHost()).toBeNull();
  });
});
