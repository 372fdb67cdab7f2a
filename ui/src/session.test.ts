import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { tick } from "svelte";
import { describe, expect, it, vi } from "vitest";

import App from "./App.svelte";
import { announce, expectAccessible, names, openWindow } from "./app.test-help";
import { FixtureHost } from "./host/fixture";
import type { EngineStatus } from "./host/host";
import { demoRows } from "./host/fixture/rows";

const words = (testid: string) => screen.getByTestId(testid).textContent?.replace(/\s+/g, " ").trim();

describe("states of the engine", () => {
  it("says that it cannot be reached, keeps the old rows, and recovers when asked again", async () => {
    const host = await openWindow();
    host.pullProblem = {
      code: "engine.gone",
      sentence: "The engine does not answer.",
      remedy: "Restart Beatkeeper.",
    };
    host.rows.forEach((row) => host.put(row));
    host.announce();
    await waitFor(() =>
      expect(words("banner-trouble")).toContain("The engine does not answer. Restart Beatkeeper."),
    );
    expect(words("banner-trouble")).toContain("What you see is old.");
    expect(names()).toHaveLength(12);
    host.pullProblem = null;
    await fireEvent.click(screen.getByText("Try now"));
    await waitFor(() => expect(screen.queryByTestId("banner-trouble")).toBeNull());
  });

  it("shows why the engine failed", async () => {
    const host = new FixtureHost();
    host.status = {
      ...host.status,
      state: "failed",
      problem: "The history file is from a newer Beatkeeper.",
    };
    host.fleetDelta = () => new Promise(() => undefined);
    render(App, { host });
    await waitFor(() =>
      expect(words("banner-failed")).toContain("The history file is from a newer Beatkeeper."),
    );
  });

  it("starts a failed engine again when asked, and shows what became of it", async () => {
    const host = new FixtureHost(demoRows(Date.now()));
    const failed = (problem: string): EngineStatus => ({ ...host.status, state: "failed", problem });
    host.status = failed("Another Beatkeeper is running. Stop it with `beatkeeper quit`.");
    host.pullProblem = { code: "engine.already_running", sentence: "Another runs.", remedy: "" };
    render(App, { host });
    const retry = await screen.findByTestId<HTMLButtonElement>("engine-start");
    expect(words("banner-failed")).toContain("Stop it with `beatkeeper quit`.");

    let finish = (): void => undefined;
    host.engineStart = () =>
      new Promise((resolve) => {
        host.status = { ...host.status, state: "starting", problem: null };
        finish = () => resolve((host.status = failed("It still runs. Stop it.")));
      });
    await fireEvent.click(retry);
    expect(retry.disabled).toBe(true);
    expect(words("banner-failed")).toContain("waiting for the keychain");
    finish();
    await waitFor(() => expect(words("banner-failed")).toContain("It still runs. Stop it."));
    expect(retry.disabled).toBe(false);
    await expectAccessible();

    host.engineStart = () => {
      host.pullProblem = null;
      return Promise.resolve((host.status = { ...host.status, state: "running", problem: null }));
    };
    await fireEvent.click(retry);
    await waitFor(() => expect(screen.queryByTestId("banner-failed")).toBeNull());
    await waitFor(() => expect(names()).toHaveLength(12));
    expect(screen.queryByTestId("banner-trouble")).toBeNull();
  });

  it("takes a status that cannot be read for a failure", async () => {
    const host = new FixtureHost(demoRows(Date.now()));
    host.engineStatus = () => Promise.reject(new Error("no such command"));
    render(App, { host });
    await waitFor(() => expect(words("banner-failed")).toContain("no such command"));
  });

  it("shows problems of the configuration and the tray, the latter until it is dismissed", async () => {
    const host = new FixtureHost(demoRows(Date.now()));
    host.status = {
      ...host.status,
      config_problem: "line 14: unknown field",
      tray_problem: "No tray host runs.",
    };
    await openWindow(host);
    await waitFor(() => expect(words("banner-config")).toContain("line 14: unknown field"));
    expect(words("banner-tray")).toContain("No tray host runs.");
    await fireEvent.click(screen.getByText("Dismiss"));
    expect(screen.queryByTestId("banner-tray")).toBeNull();
  });

  it("pauses alerts for an hour and resumes them", async () => {
    await openWindow();
    await fireEvent.click(screen.getByTestId("pause-alerts"));
    await waitFor(() => expect(words("pause-alerts")).toMatch(/^Resume alerts in (1 h 00|59) min$/));
    await fireEvent.click(screen.getByTestId("pause-alerts"));
    await waitFor(() => expect(words("pause-alerts")).toBe("Pause alerts 1 h"));
  });

  it("learns at once that alerts were paused elsewhere, though no agent has changed", async () => {
    const host = await openWindow();
    await waitFor(() => expect(words("pause-alerts")).toBe("Pause alerts 1 h"));
    const pulls = vi.spyOn(host, "fleetDelta");
    await host.pauseAlerts(60);
    host.announce();
    await waitFor(() => expect(words("pause-alerts")).toMatch(/^Resume alerts/));
    expect(pulls).not.toHaveBeenCalled();
  });

  it("asks for the engine's state once a second at most while agents change", async () => {
    const host = await openWindow();
    const asked = vi.spyOn(host, "engineStatus");
    for (let n = 0; n < 8; n += 1) await announce(host, () => host.rows.forEach((row) => host.put(row)));
    expect(asked.mock.calls.length).toBeLessThanOrEqual(1);
    // The last of them is not forgotten.
    await host.pauseAlerts(60);
    await waitFor(() => expect(words("pause-alerts")).toMatch(/^Resume alerts/), { timeout: 2_000 });
  });

  it("keeps the newer of two answers, whichever comes first", async () => {
    const host = await openWindow();
    await waitFor(() => expect(words("pause-alerts")).toBe("Pause alerts 1 h"));
    const old = host.status;
    let answerLate = (): void => undefined;
    const late = vi
      .spyOn(host, "engineStatus")
      .mockImplementationOnce(() => new Promise((resolve) => (answerLate = () => resolve(old))));
    host.announce();
    await waitFor(() => expect(late).toHaveBeenCalledTimes(1));
    await fireEvent.click(screen.getByTestId("pause-alerts"));
    await waitFor(() => expect(words("pause-alerts")).toMatch(/^Resume alerts/));
    answerLate();
    await tick();
    expect(words("pause-alerts")).toMatch(/^Resume alerts/);
  });
});

describe("the registry's line", () => {
  it("has its clock and stream, or its problem", async () => {
    const host = new FixtureHost(demoRows(Date.now()));
    await openWindow(host);
    expect(words("registry-line")).toBe("zns01.zynd.ai · clock +0.1 s · stream live");
    host.health = host.health.map((each) => ({
      ...each,
      stream_live: false,
      problem: "DNS does not know it",
      problem_since: host.now() - 3 * 86_400_000 - 60_000,
    }));
    host.rows.forEach((row) => host.put(row));
    host.announce();
    await waitFor(() => expect(words("registry-line")).toBe("zns01.zynd.ai · DNS does not know it"));
    expect(screen.getByTestId("registry-line").className).toContain("bad");
    expect(words("banner-registry")).toMatch(/zns01 has not answered for 3 d.*: DNS does not know it\./);
    host.health = host.health.map((each) => ({ ...each, problem: null }));
    host.rows.forEach((row) => host.put(row));
    host.announce();
    await waitFor(() => expect(screen.queryByTestId("banner-registry")).toBeNull());
  });

  it("misses an answer without a banner while all agents are known to be well", async () => {
    const host = new FixtureHost(demoRows(Date.now()).filter((row) => row.liveness === "active"));
    host.health = host.health.map((each) => ({ ...each, problem: "it took too long" }));
    await openWindow(host);
    expect(words("registry-line")).toBe("zns01.zynd.ai · it took too long");
    expect(screen.queryByTestId("banner-registry")).toBeNull();
  });

  it("counts nothing before anything is known", async () => {
    const host = new FixtureHost();
    host.fleetDelta = () => new Promise(() => undefined);
    render(App, { host });
    await waitFor(() => expect(words("fleet-sentence")).toBe("Asking the engine…"));
    expect(screen.queryByTestId("chip-all")).toBeNull();
  });

  it("takes ages of the registry's timestamps on the registry's clock", async () => {
    const now = Date.now();
    const host = new FixtureHost(demoRows(now), () => now);
    host.health = host.health.map((each) => ({ ...each, clock_ahead_ms: 600_000 }));
    const row = [...host.rows.values()].find((each) => each.name === "code-reviewer");
    if (!row) throw new Error("the demonstration lost its agent");
    host.put({ ...row, registry: { ...row.registry, last_heartbeat: now - 9_000 + 600_000 } });
    await openWindow(host);
    const cell = document.querySelector(`[data-id="${row.id}"] [data-testid=row-beat]`);
    expect(cell?.textContent).toMatch(/^(9|10|11) s ago$/);
  });
});
