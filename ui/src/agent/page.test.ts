import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow, rowOf } from "../app.test-help";
import { closeWords, waitWords } from "./words";

async function openPage(name: string) {
  const host = await openWindow();
  await fireEvent.click(rowOf(name));
  await waitFor(() => expect(screen.getByTestId("connections-table")).toBeTruthy());
  return host;
}

describe("one agent's page", () => {
  it("has the verdict, the remedy and the three witnesses", async () => {
    await openPage("invoice-triage");
    expect(screen.getByTestId("page-verdict").textContent).toBe("Reconnecting: connection refused");
    expect(screen.getByTestId("page-remedy").textContent).toContain("tried again by itself");
    expect(screen.getByTestId("witness-process").textContent).toContain("running");
    expect(screen.getByTestId("witness-link").textContent).toMatch(
      /waiting after attempt 4, dials in \d s, connection refused/,
    );
    expect(screen.getByTestId("witness-registry").textContent).toContain("active, last_heartbeat");
  });

  it("shows the reconnect history and the timeline", async () => {
    await openPage("invoice-triage");
    const table = screen.getByTestId("connections-table");
    expect(table.querySelectorAll("tbody tr")).toHaveLength(4);
    expect(table.textContent).toContain("1006, no close frame");
    expect(table.textContent).toContain("4 attempts, 1.0 + 1.7 + 3.4 s");
    await fireEvent.click(screen.getByTestId("tab-timeline"));
    const said = (each: Element) => each.textContent?.replace(/\s+/g, " ").trim() ?? "";
    const incidents = screen.getAllByTestId("incident");
    expect(incidents).toHaveLength(5);
    expect(said(incidents[0] as Element)).toMatch(
      /^.+ to now, still going on 1 min 2\d s, late at worst Whose fault: registry link\.refused told \S+( [AP]M)?, flapping Black box .+ active → late .* now Reconnecting: connection refused$/,
    );
    expect(said(incidents[1] as Element)).toMatch(
      / to .+ 4 min 48 s, stale at worst Whose fault: link link\.dropped told /,
    );
    expect(incidents.map((each) => each.querySelectorAll("li").length)).toEqual([1, 3, 0, 0, 0]);
    expect(screen.getAllByTestId("step"), "one belongs to no incident").toHaveLength(5);
  });

  it("acknowledges an open incident and takes that back", async () => {
    const host = await openPage("weather-agent");
    const acknowledge = vi.spyOn(host, "agentAcknowledge");
    const id = rowOf("weather-agent").dataset.id;
    const state = () => rowOf("weather-agent").querySelector(".shape");
    expect(screen.getByTestId("page-incident").textContent).toMatch(/^Incident since .+, told [^,]+\.$/);
    expect(state()?.classList.contains("hollow")).toBe(false);
    await fireEvent.click(screen.getByTestId("acknowledge"));
    expect(acknowledge).toHaveBeenLastCalledWith(id, undefined);
    await waitFor(() => expect(screen.getByTestId("acknowledge").textContent).toBe("Unacknowledge"));
    expect(state()?.classList.contains("hollow")).toBe(true);
    expect(state()?.getAttribute("aria-label")).toMatch(/^stale, incident since .+, acknowledged until /);
    expect(screen.getByTestId("page-incident").textContent).toContain("acknowledged until");
    await fireEvent.click(screen.getByTestId("acknowledge"));
    expect(acknowledge).toHaveBeenLastCalledWith(id, 0);
    await waitFor(() => expect(state()?.classList.contains("hollow")).toBe(false));
  });

  it("has nothing to acknowledge where nothing is wrong", async () => {
    await openPage("code-reviewer");
    expect(screen.queryByTestId("acknowledge")).toBeNull();
    expect(screen.queryByTestId("page-incident")).toBeNull();
  });

  it("opens an incident's black box from the timeline", async () => {
    await openPage("weather-agent");
    await fireEvent.click(screen.getByTestId("tab-timeline"));
    await waitFor(() => expect(screen.getAllByTestId("timeline-black-box").length).toBeGreaterThan(0));
    await fireEvent.click(screen.getAllByTestId("timeline-black-box")[0] as HTMLElement);
    await waitFor(() => expect(screen.getByTestId("black-box-text").textContent).toContain("clock.skew"));
  });

  it("shows both shares of the uptime", async () => {
    await openPage("release-notes");
    expect(screen.getByTestId("page-uptime").textContent).toBe("87.1 % awake, 71.2 % of all the time (24 h)");
  });

  it("has tabs that are walked with arrows, Home and End, around the ends", async () => {
    await openPage("code-reviewer");
    const focused = () => (document.activeElement as HTMLElement).dataset.tab;
    const press = (key: string) => fireEvent.keyDown(document.activeElement as Element, { key });
    screen.getByTestId("tab-connections").focus();
    const walked = [];
    for (const key of ["ArrowRight", "ArrowRight", "End", "ArrowRight", "ArrowLeft", "Home"]) {
      await press(key);
      walked.push(focused());
      expect(screen.getByTestId(`tab-${focused()}`).getAttribute("aria-selected")).toBe("true");
    }
    expect(walked).toEqual(["beats", "timeline", "key", "connections", "key", "connections"]);
    expect(document.querySelectorAll("[role=tab][tabindex='0']")).toHaveLength(1);
  });

  it("keeps the focus on a button while it works, and does it once", async () => {
    const host = await openPage("code-reviewer");
    let finish = (): void => undefined;
    const snooze = vi.spyOn(host, "agentSnooze");
    snooze.mockImplementation(() => new Promise((resolve) => (finish = resolve)));
    const button = screen.getByTestId<HTMLButtonElement>("snooze-toggle");
    button.focus();
    await fireEvent.click(button);
    await fireEvent.click(button);
    expect(snooze).toHaveBeenCalledTimes(1);
    expect([button.disabled, button.getAttribute("aria-disabled")]).toEqual([false, "true"]);
    finish();
    await waitFor(() => expect(button.getAttribute("aria-disabled")).toBe("false"));
    expect(document.activeElement).toBe(button);
  });

  it("restarts, snoozes and ends the snooze", async () => {
    const host = await openPage("code-reviewer");
    const id = rowOf("code-reviewer").dataset.id;
    const restart = vi.spyOn(host, "agentRestart");
    await fireEvent.click(screen.getByTestId("restart"));
    expect(restart).toHaveBeenCalledWith(id);
    expect(screen.queryByTestId("retry-now"), "nothing is waited for").toBeNull();
    await fireEvent.click(screen.getByTestId("snooze-toggle"));
    await waitFor(() =>
      expect(screen.getByTestId("page-snoozed").textContent?.trim()).toMatch(
        /^Its alerts are snoozed until (\w+ \d+ )?\d/,
      ),
    );
    const state = () => rowOf("code-reviewer").querySelector(".shape")?.getAttribute("aria-label");
    expect(state()).toMatch(/^active, snoozed until (\w+ \d+ )?\d/);
    expect(screen.getByTestId("snooze-toggle").textContent).toBe("End snooze");
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("snooze-toggle"));
    await waitFor(() => expect(screen.queryByTestId("page-snoozed")).toBeNull());
    expect(state()).toBe("active");
  });

  it("dials again, pauses and resumes", async () => {
    const host = await openPage("invoice-triage");
    await fireEvent.click(screen.getByTestId("retry-now"));
    await waitFor(() => expect(rowOf("invoice-triage").dataset.liveness).toBe("active"));
    await fireEvent.click(screen.getByTestId("pause-toggle"));
    await waitFor(() => expect(rowOf("invoice-triage").dataset.liveness).toBe("stopped"));
    expect(screen.getByTestId("pause-toggle").textContent).toBe("Resume");
    expect(screen.queryByTestId("retry-now")).toBeNull();
    expect([...host.rows.values()].filter((row) => row.paused)).toHaveLength(2);
  });

  it("says what failed and what to do", async () => {
    const host = await openPage("invoice-triage");
    host.agentRetry = () =>
      Promise.reject({ code: "key.locked", sentence: "The keychain is locked.", remedy: "Unlock it." });
    await fireEvent.click(screen.getByTestId("retry-now"));
    await waitFor(() =>
      expect(screen.getByTestId("page-error").textContent).toBe("The keychain is locked. Unlock it."),
    );
  });

  it("removes only with the typed name", async () => {
    const host = await openPage("code-reviewer");
    const remove = vi.spyOn(host, "agentRemove");
    await fireEvent.click(screen.getByTestId("more"));
    await fireEvent.click(screen.getByTestId("remove-agent"));
    const submit = screen.getByTestId<HTMLButtonElement>("remove-many-submit");
    expect(submit.disabled).toBe(true);
    await fireEvent.input(screen.getByTestId("remove-many-typed"), { target: { value: "code-review" } });
    expect(submit.disabled).toBe(true);
    await fireEvent.input(screen.getByTestId("remove-many-typed"), { target: { value: "code-reviewer" } });
    await expectAccessible();
    const id = rowOf("code-reviewer").dataset.id;
    await fireEvent.click(submit);
    await waitFor(() => expect(names()).not.toContain("code-reviewer"));
    expect(remove).toHaveBeenCalledWith(id, "code-reviewer", false);
    expect(screen.queryByTestId("agent-page")).toBeNull();
  });

  it("opens when a notification was clicked, through a filter that hides the agent", async () => {
    const host = await openWindow();
    await fireEvent.click(screen.getByTestId("chip-stale"));
    const id = [...host.rows.values()].find((row) => row.name === "docs-indexer")?.id ?? "";
    host.openAgents(id);
    await waitFor(() => expect(screen.getByTestId("agent-page").dataset.id).toBe(id));
    expect(names()).toContain("docs-indexer");
  });

  it("is not that of anybody when a notice of several was clicked, but the table with these alone", async () => {
    const host = await openPage("weather-agent");
    const all = names();
    const ids = ["docs-indexer", "invoice-triage"].map((name) => rowOf(name).dataset.id ?? "");
    host.openAgents(...ids);
    await waitFor(() => expect(names()).toHaveLength(2));
    expect(new Set(names())).toEqual(new Set(["docs-indexer", "invoice-triage"]));
    expect(screen.queryByTestId("agent-page")).toBeNull();
    expect(screen.getByTestId("chip-only").textContent?.trim()).toMatch(/^2 of a notice/);
    expect(screen.getByTestId("chip-all").getAttribute("aria-pressed")).toBe("false");
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("chip-only"));
    await waitFor(() => expect(names()).toEqual(all));
    expect(screen.queryByTestId("chip-only")).toBeNull();
    host.openAgents(...ids);
    await waitFor(() => expect(names()).toHaveLength(2));
    await fireEvent.click(screen.getByTestId("chip-all"));
    await waitFor(() => expect(names()).toEqual(all));
    // Through the alerts, too.
    await fireEvent.click(screen.getByTestId("alerts"));
    host.openAgents(...ids);
    await waitFor(() => expect(names()).toHaveLength(2));
    expect(screen.queryByTestId("alerts-page")).toBeNull();
  });

  it("lets the keyboard into the column that scrolls where the window is low", async () => {
    await openPage("weather-agent");
    const about = screen.getByTestId("page-about");
    expect(about.tabIndex).toBe(0);
    expect(about.ariaLabel ?? about.getAttribute("aria-label")).toBe("State of weather-agent");
  });

  it("is accessible", async () => {
    await openPage("weather-agent");
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("tab-timeline"));
    await expectAccessible();
  });
});

describe("words", () => {
  const connection = {
    agent: "zns:1",
    dialled_at: 0,
    opened_at: 10,
    closed_at: 20,
    beats: 1,
    confirmed: 1,
    close_code: 1006,
    cause: null,
    cause_sentence: null,
    attempts: 1,
    waits_ms: [],
  };

  it("name the end of a connection", () => {
    expect(closeWords(connection)).toBe("1006, no close frame");
    expect(closeWords({ ...connection, close_code: 1000 })).toBe("1000, by us");
    expect(closeWords({ ...connection, close_code: 4001 })).toBe("4001");
    expect(closeWords({ ...connection, closed_at: null, close_code: null })).toBe("open");
    expect(closeWords({ ...connection, opened_at: null })).toBe("never opened");
    expect(closeWords({ ...connection, opened_at: null, closed_at: null })).toBe("not open yet");
  });

  it("tell the waits, and sum up many", () => {
    expect(waitWords(connection)).toBe("");
    expect(waitWords({ ...connection, attempts: 3, waits_ms: [1000, 1700] })).toBe("3 attempts, 1.0 + 1.7 s");
    expect(waitWords({ ...connection, attempts: 9, waits_ms: Array(8).fill(60_000) })).toBe(
      "9 attempts over 8 min",
    );
  });
});
