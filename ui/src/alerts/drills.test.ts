import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { announce, expectAccessible } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { demoRows } from "../host/fixture/rows";
import { alertsHost, idOf, openAlerts, said } from "./alerts.test-help";

/** A fleet whose time goes on when it is told to. */
function staged() {
  let now = Date.now();
  const host = new FixtureHost(demoRows(now), () => now);
  const pass = (ms: number) =>
    announce(host, () => {
      now += ms;
      host.revision += 1;
    });
  return { host, pass };
}

async function openDrills(host = alertsHost()) {
  await openAlerts("drill", host);
  await waitFor(() =>
    expect(screen.queryByTestId("drill-start") ?? screen.queryByTestId("drill-nobody")).toBeTruthy(),
  );
  return host;
}

describe("a drill", () => {
  it("is offered for agents that can fall silent, those of the demo first", async () => {
    const host = alertsHost();
    await host.demoStart();
    await openDrills(host);
    const groups = [...document.querySelectorAll("optgroup")].map((group) => group.label);
    expect(groups).toEqual(["Demo", "Yours"]);
    const options = [...document.querySelectorAll("option")].map((option) => option.textContent ?? "");
    expect(options[0]).toContain("demo-research-planner");
    expect(options.join()).not.toContain("nightly-eval");
    expect(options.join(), "it beats itself").not.toContain("calendar-sync-svc");
    expect(said("drill-what")).toBe(
      "Beatkeeper holds back the beats of demo-research-planner until you are told that it is silent, then has it beat again; nobody but the demo registry sees that.",
    );
    await fireEvent.change(screen.getByTestId("drill-agent"), {
      target: { value: idOf(host, "code-reviewer") },
    });
    expect(said("drill-what")).toContain("zns01 and whoever looks for it there see the silence, too.");
    await expectAccessible();
  });

  it("shows its steps as they come, and then its result", async () => {
    const { host, pass } = staged();
    await openDrills(host);
    expect(said("drills-none")).toBe("No drill was held yet.");
    await fireEvent.change(screen.getByTestId("drill-agent"), {
      target: { value: idOf(host, "code-reviewer") },
    });
    await fireEvent.click(screen.getByTestId("drill-start"));
    await waitFor(() => expect(said("drill-live")).toContain("Drill of code-reviewer"));
    expect(screen.getByTestId("drill-silent").classList.contains("done")).toBe(true);
    expect(screen.getByTestId("drill-detected").getAttribute("aria-current")).toBe("step");
    expect(said("drill-detected")).toMatch(/^Noticed due in \d s$/);
    await expectAccessible();
    await pass(8_250);
    await waitFor(() => expect(said("drill-told")).toMatch(/^Told .+ after 0\.1 s$/), { timeout: 2_000 });
    expect(said("drill-detected")).toMatch(/after 2\.1 s$/);
    await pass(3_000);
    await waitFor(
      () =>
        expect(said("drill-last")).toBe("Last drill: detected in 2.1 s, told in 0.1 s, recovered in 2.1 s"),
      { timeout: 2_000 },
    );
    expect(screen.queryByTestId("drill-live")).toBeNull();
  });

  it("is stopped when somebody wants it", async () => {
    const { host } = staged();
    await openDrills(host);
    const stop = vi.spyOn(host, "drillStop");
    await fireEvent.click(screen.getByTestId("drill-start"));
    await waitFor(() => expect(screen.getByTestId("drill-stop")).toBeTruthy());
    await fireEvent.click(screen.getByTestId("drill-stop"));
    expect(stop).toHaveBeenCalledTimes(1);
    await waitFor(() => expect(said("drill-last")).toBe("Last drill: It was stopped."));
  });

  it("says why it cannot begin", async () => {
    const host = await openDrills();
    host.drillStart = () =>
      Promise.reject({ code: "x", sentence: "Alerts are paused.", remedy: "Resume them." });
    await fireEvent.click(screen.getByTestId("drill-start"));
    await waitFor(() => expect(said("drill-error")).toBe("Alerts are paused. Resume them."));
  });

  it("says that there is nobody for it", async () => {
    await openDrills(new FixtureHost());
    expect(said("drill-nobody")).toMatch(/^No agent can fall silent now/);
  });
});
