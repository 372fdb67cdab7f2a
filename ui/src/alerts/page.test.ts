import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, it } from "vitest";

import { announce, expectAccessible, names, openWindow, rowOf, rows } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { demoRows } from "../host/fixture/rows";
import { STATES } from "../host/fixture/states";
import { alertsAddress, alertsPlace } from "./address";
import { alertsHost, idOf, openAlerts, said } from "./alerts.test-help";

const press = (key: string, held: KeyboardEventInit = {}) =>
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...held });
const page = () => screen.queryByTestId("alerts-page");

afterEach(() => history.replaceState(null, "", location.pathname));

describe("the way to the alerts", () => {
  it("is the bell, which counts what nobody knows of", async () => {
    const host = await openWindow(alertsHost());
    expect(said("alerts-count")).toBe("3");
    expect(screen.getByTestId("alerts").getAttribute("aria-label")).toBe("Alerts, 3 not acknowledged");
    await announce(host, () => void host.agentAcknowledge(idOf(host, "weather-agent"), 60));
    await waitFor(() => expect(said("alerts-count")).toBe("2"));
    await fireEvent.click(screen.getByTestId("alerts"));
    expect(page()).toBeTruthy();
    expect(screen.getByTestId("alerts").getAttribute("aria-pressed")).toBe("true");
    await fireEvent.click(screen.getByTestId("alerts"));
    expect(page()).toBeNull();
  });

  it("has no count where there is nothing", async () => {
    await openWindow(new FixtureHost());
    expect(screen.queryByTestId("alerts-count")).toBeNull();
    expect(screen.getByTestId("alerts").getAttribute("aria-label")).toBe("Alerts");
  });

  it("is a key there and back, and the rows are as they were", async () => {
    await openWindow(alertsHost());
    rowOf("code-reviewer").focus();
    await press("a");
    expect(page()).toBeTruthy();
    expect(document.querySelector<HTMLElement>(".rows")?.inert).toBe(true);
    await waitFor(() => expect((document.activeElement as HTMLElement).dataset.tab).toBe("incidents"));
    await press("a", { ctrlKey: true });
    expect(screen.queryByTestId("bulk-bar"), "the rows are not there to be selected").toBeNull();
    await press("Escape");
    expect(page()).toBeNull();
    await waitFor(() => expect(document.activeElement).toBe(rowOf("code-reviewer")));
    expect(rows().length).toBe(12);
  });

  it("is in the palette", async () => {
    await openWindow(alertsHost());
    await press("k", { ctrlKey: true });
    await fireEvent.input(screen.getByTestId("palette-input"), { target: { value: "alerts whose" } });
    await press("Enter");
    await waitFor(() => expect(screen.getByTestId("alerts-tab-fault").ariaSelected ?? "true").toBe("true"));
    expect(page()).toBeTruthy();
  });

  it("is an address, with its tab", async () => {
    expect(alertsPlace(alertsAddress("drill"))).toBe("drill");
    expect(alertsPlace("#alerts")).toBe("incidents");
    expect(alertsPlace("#alerts/none")).toBe("incidents");
    expect(alertsPlace("#agent/zns:1")).toBeNull();
    location.hash = "#alerts/channels";
    await openWindow(alertsHost());
    expect(screen.getByTestId("alerts-tab-channels").getAttribute("aria-selected")).toBe("true");
    await fireEvent.click(screen.getByTestId("alerts-tab-rules"));
    expect(location.hash).toBe("#alerts/rules");
    await fireEvent.click(screen.getByTestId("alerts-close"));
    await waitFor(() => expect(location.hash).toBe(""));
  });

  it("walks its tabs with arrows, around the ends", async () => {
    await openAlerts("incidents");
    screen.getByTestId("alerts-tab-incidents").focus();
    const walked = [];
    for (const key of ["ArrowRight", "ArrowRight", "End", "ArrowRight", "ArrowLeft", "Home"]) {
      await press(key);
      walked.push((document.activeElement as HTMLElement).dataset.tab);
    }
    expect(walked).toEqual(["channels", "rules", "drill", "incidents", "drill", "incidents"]);
  });

  it("gives way to an agent that is opened", async () => {
    const host = await openAlerts("incidents");
    host.openAgents(idOf(host, "docs-indexer"));
    await waitFor(() => expect(screen.getByTestId("agent-page")).toBeTruthy());
    expect(page()).toBeNull();
  });

  it("keeps an open agent's page for afterwards", async () => {
    await openWindow(alertsHost());
    await fireEvent.click(rowOf("weather-agent"));
    await press("a");
    expect(screen.queryByTestId("agent-page")).toBeNull();
    await press("Escape");
    expect(screen.getByTestId("agent-page")).toBeTruthy();
  });
});

describe("what is said above everything", () => {
  it("is that this computer is offline, and the rows behind it are grey", async () => {
    const host = STATES.offline?.(Date.now());
    await openWindow(host);
    expect(said("banner-network")).toMatch(
      /^This computer is offline: it has no default route, since .+\. Nobody is told of agents beyond it until it is back\.$/,
    );
    expect(rowOf("code-reviewer").classList.contains("beyond")).toBe(true);
    expect(rowOf("nightly-eval").classList.contains("beyond")).toBe(false);
    await expectAccessible();
  });

  it("is until when it is quiet, and where that comes from", async () => {
    const host = alertsHost();
    host.quietUntil = Date.now() + 3_600_000;
    await openWindow(host);
    expect(said("quiet-until")).toMatch(/^Quiet until (\w+ \d+ )?\d/);
    await fireEvent.click(screen.getByTestId("quiet-until"));
    expect(screen.getByTestId("alerts-tab-rules").getAttribute("aria-selected")).toBe("true");
  });

  it("is one line about channels that do not work", async () => {
    const host = new FixtureHost(demoRows(Date.now()));
    host.list = alertsHost().list.map((each) =>
      each.kind === "desktop" || !each.enabled ? each : { ...each, problem: `${each.name} is gone.` },
    );
    await openWindow(host);
    await waitFor(() => expect(said("banner-channel")).toMatch(/team: team is gone\. and 1 more Channels$/));
    await fireEvent.click(screen.getByTestId("banner-channel-open"));
    expect(screen.queryByTestId("banner-channel"), "each says so itself there").toBeNull();
    expect(page()).toBeTruthy();
  });

  it("is nothing where the desktop takes everything", async () => {
    await openWindow(new FixtureHost(demoRows(Date.now())));
    expect(screen.queryByTestId("banner-network")).toBeNull();
    expect(screen.queryByTestId("banner-channel")).toBeNull();
    expect(screen.queryByTestId("quiet-until")).toBeNull();
    expect(names()).toContain("weather-agent");
  });
});

describe("a row", () => {
  it("has a mark while it flaps, and says so", async () => {
    await openWindow(alertsHost());
    const row = rowOf("invoice-triage");
    expect(row.querySelector(".mark.flapping")).toBeTruthy();
    expect(row.querySelector(".shape")?.getAttribute("aria-label")).toMatch(
      /^late, incident since .+, told .+, flapping$/,
    );
    expect(rowOf("weather-agent").querySelector(".mark")).toBeNull();
  });
});
