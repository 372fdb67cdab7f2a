import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import App from "./App.svelte";
import { names, openWindow, rowOf, rows } from "./app.test-help";
import { FixtureHost } from "./host/fixture";
import { healthyRow } from "./host/fixture/rows";

const ROW = 36;

function fleetOf(size: number): FixtureHost {
  const now = Date.now();
  return new FixtureHost(
    Array.from({ length: size }, (_, n) => healthyRow(n, `agent-${String(n).padStart(3, "0")}`, now, 0)),
  );
}

const scroller = () => document.querySelector<HTMLElement>(".scroller") as HTMLElement;
const selected = () => rows().filter((row) => row.getAttribute("aria-selected") === "true");
const search = () => screen.getByTestId<HTMLInputElement>("search");

async function scrollTo(top: number): Promise<void> {
  scroller().scrollTop = top;
  await fireEvent.scroll(scroller());
}

/** The window is let go and made anew. */
async function again(host: FixtureHost): Promise<void> {
  expect(host.release()).toBe(true);
  cleanup();
  render(App, { host, was: await host.pageWas() });
  await waitFor(() => expect(rows().length).toBeGreaterThan(0));
}

describe("a window that was let go", () => {
  it("comes back with its place, its cursor, its selection, its page and its tab", async () => {
    const host = await openWindow(fleetOf(200));
    await scrollTo(100 * ROW);
    await waitFor(() => expect(names()).toContain("agent-105"));
    await fireEvent.click(rowOf("agent-107"));
    await fireEvent.click(screen.getByTestId("tab-timeline"));
    await fireEvent.click(rowOf("agent-103"), { ctrlKey: true });
    await fireEvent.click(rowOf("agent-105"), { ctrlKey: true });
    const before = names();

    await again(host);
    await waitFor(() => expect(scroller().scrollTop).toBe(100 * ROW));
    await waitFor(() => expect(names()).toEqual(before));
    expect(selected()).toHaveLength(2);
    expect(rowOf("agent-103").ariaSelected ?? rowOf("agent-103").getAttribute("aria-selected")).toBe("true");
    expect(rowOf("agent-105").tabIndex).toBe(0);
    expect(screen.getByTestId("agent-page").dataset.id).toBe(rowOf("agent-107").dataset.id);
    expect(screen.getByTestId("tab-timeline").getAttribute("aria-selected")).toBe("true");
  });

  it("comes back with its search, its chip and the focus in its rows", async () => {
    const host = await openWindow(fleetOf(40));
    await fireEvent.input(search(), { target: { value: "agent-01" } });
    await fireEvent.click(screen.getByTestId("chip-active"));
    rowOf("agent-014").focus();

    await again(host);
    expect(search().value).toBe("agent-01");
    expect(screen.getByTestId("chip-active").getAttribute("aria-pressed")).toBe("true");
    expect(names()).toHaveLength(10);
    await waitFor(() => expect(document.activeElement).toBe(rowOf("agent-014")));
  });

  it("leaves out who is gone meanwhile", async () => {
    const host = await openWindow(fleetOf(5));
    for (const name of ["agent-001", "agent-002", "agent-003"])
      await fireEvent.click(rowOf(name), { ctrlKey: true });
    const gone = rowOf("agent-002").dataset.id ?? "";
    await fireEvent.click(rowOf("agent-002"));
    await fireEvent.click(rowOf("agent-001"), { ctrlKey: true });
    await fireEvent.click(rowOf("agent-002"), { ctrlKey: true });
    expect(host.release()).toBe(true);
    host.drop(gone);
    cleanup();
    render(App, { host, was: await host.pageWas() });
    await waitFor(() => expect(names()).toHaveLength(4));
    expect(selected().map((row) => row.dataset.id)).toEqual([rowOf("agent-001").dataset.id]);
    expect(screen.queryByTestId("agent-page")).toBeNull();
  });

  it("goes to the agent that it was opened for", async () => {
    const host = await openWindow(fleetOf(200));
    const first = rowOf("agent-000").dataset.id ?? "";
    await scrollTo(100 * ROW);
    await waitFor(() => expect(names()).toContain("agent-105"));
    await fireEvent.click(rowOf("agent-105"));
    expect(host.release()).toBe(true);
    cleanup();
    render(App, { host, was: await host.pageWas() });
    host.openAgents(first);
    await waitFor(() => expect(screen.getByTestId("agent-page").dataset.id).toBe(first));
    await waitFor(() => expect(names()).toContain("agent-000"));
    expect(scroller().scrollTop).toBe(0);
  });

  it("begins as usual the second time", async () => {
    const host = await openWindow(fleetOf(5));
    await fireEvent.click(rowOf("agent-001"));
    await fireEvent.click(screen.getByTestId("tab-timeline"));
    await again(host);
    await fireEvent.keyDown(document.body, { key: "Escape" });
    await waitFor(() => expect(screen.queryByTestId("agent-page")).toBeNull());
    await fireEvent.click(rowOf("agent-002"));
    expect(screen.getByTestId("tab-connections").getAttribute("aria-selected")).toBe("true");
    expect(await host.pageWas()).toBeNull();
  });

  it("stays while it is in the middle of something", async () => {
    const host = await openWindow(fleetOf(5));
    await fireEvent.click(screen.getByTestId("add-agent"));
    expect(host.release()).toBe(false);
    await fireEvent.click(screen.getByTestId("add-cancel"));
    await waitFor(() => expect(host.release()).toBe(true));

    let finish = (): void => undefined;
    host.agentSetPaused = () => new Promise((resolve) => (finish = resolve));
    await fireEvent.click(rowOf("agent-001"), { ctrlKey: true });
    await fireEvent.click(screen.getByTestId("bulk-pause"));
    await waitFor(() => expect(host.release()).toBe(false));
    finish();
    await waitFor(() => expect(host.release()).toBe(true));
  });
});
