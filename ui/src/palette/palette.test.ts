import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { healthyRow } from "../host/fixture/rows";
import { PARTS } from "../parts";

const press = (key: string, held: KeyboardEventInit = {}) =>
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...held });
const entries = () =>
  screen.getAllByTestId("palette-entry").map((each) => each.querySelector(".words")?.textContent);
const chosen = () =>
  screen
    .getAllByTestId("palette-entry")
    .find((each) => each.getAttribute("aria-selected") === "true")
    ?.querySelector(".words")?.textContent;
const type = (value: string) => fireEvent.input(screen.getByTestId("palette-input"), { target: { value } });
const gone = () => waitFor(() => expect(screen.queryByTestId("palette")).toBeNull());

async function openPalette(host?: FixtureHost) {
  const opened = await openWindow(host);
  await press("k", { ctrlKey: true });
  await screen.findByTestId("palette");
  return opened;
}

it("is what keys are for that are pressed while it is on its way, not the rows behind it", async () => {
  const host = await openWindow();
  const restart = vi.spyOn(host, "agentRestart");
  let come = (): void => undefined;
  const { palette } = PARTS;
  const loaded = palette.loaded as NonNullable<typeof palette.loaded>;
  vi.spyOn(palette, "loaded", "get").mockReturnValue(null);
  vi.spyOn(palette, "load").mockImplementation(
    () => new Promise((resolve) => (come = () => resolve(loaded))),
  );
  rowOf("code-reviewer").focus();
  await press("k", { ctrlKey: true });
  await press("r");
  expect(restart).not.toHaveBeenCalled();
  come();
  await screen.findByTestId("palette");
  await press("Escape");
  await gone();
  await press("r");
  await waitFor(() => expect(restart).toHaveBeenCalledTimes(1));
});

describe("the palette", () => {
  it("opens with Ctrl+K or Cmd+K, from a field too, and closes with the same or Escape", async () => {
    await openPalette();
    expect(document.activeElement).toBe(screen.getByTestId("palette-input"));
    await press("k", { metaKey: true });
    await gone();
    screen.getByTestId("search").focus();
    await press("k", { metaKey: true });
    await press("Escape");
    await gone();
    expect(document.activeElement).toBe(screen.getByTestId("search"));
  });

  it("finds agents by a few letters of their names, and opens them where the keyboard then is", async () => {
    await openPalette();
    await type("rp");
    expect(entries()[0]).toBe("research-planner");
    await press("Enter");
    await gone();
    await waitFor(() => expect(document.activeElement).toBe(rowOf("research-planner")));
    expect(screen.getByTestId("agent-page").dataset.id).toBe(rowOf("research-planner").dataset.id);
  });

  it("finds agents by a piece of the id", async () => {
    const host = await openPalette();
    const row = [...host.rows.values()].find(({ name }) => name === "standup-bot");
    await type(row?.id.slice(8, 18) ?? "");
    expect(entries()).toEqual(["standup-bot"]);
  });

  it("is walked with arrows, around the ends", async () => {
    await openPalette();
    await type("agent");
    const all = entries();
    expect(chosen()).toBe(all[0]);
    await press("ArrowDown");
    await waitFor(() => expect(chosen()).toBe(all[1]));
    await press("ArrowUp");
    await press("ArrowUp");
    await waitFor(() => expect(chosen()).toBe(all.at(-1)));
    const input = screen.getByTestId("palette-input");
    expect(input.getAttribute("aria-activedescendant")).toBe(`palette-${all.length - 1}`);
    await type("nothing like that");
    expect(screen.queryAllByTestId("palette-entry")).toEqual([]);
    expect(screen.getByText("Nothing fits.")).toBeTruthy();
    await press("Enter");
    expect(screen.getByTestId("palette")).toBeTruthy();
  });

  it("offers actions for the agent whose page is open", async () => {
    const host = await openWindow();
    const restart = vi.spyOn(host, "agentRestart");
    await fireEvent.click(rowOf("code-reviewer"));
    await press("k", { ctrlKey: true });
    expect(entries().slice(0, 4)).toEqual([
      "Pause code-reviewer",
      "Restart code-reviewer",
      "Snooze code-reviewer 1 h",
      "Remove code-reviewer…",
    ]);
    await type("restart");
    await press("Enter");
    await waitFor(() => expect(restart).toHaveBeenCalledWith(rowOf("code-reviewer").dataset.id));
    await waitFor(() => expect(screen.getByTestId("bulk-sum").textContent).toBe("1 restarted"));
  });

  it("offers actions for the selected agents, and removing still asks", async () => {
    await openWindow();
    await fireEvent.click(rowOf("code-reviewer"), { ctrlKey: true });
    await fireEvent.click(rowOf("mail-sorter"), { ctrlKey: true });
    await press("k", { ctrlKey: true });
    await type("remove");
    expect(entries()[0]).toBe("Remove 2 selected…");
    await press("Enter");
    await waitFor(() => expect(screen.getByTestId("remove-many")).toBeTruthy());
    expect(document.activeElement).toBe(screen.getByTestId("remove-many-typed"));
  });

  it("filters, groups and adds", async () => {
    await openPalette();
    await type("only stale");
    await press("Enter");
    await waitFor(() => expect(names()).toEqual(["weather-agent"]));
    await press("k", { ctrlKey: true });
    await type("show all");
    await fireEvent.click(screen.getAllByTestId("palette-entry")[0] as HTMLElement);
    await waitFor(() => expect(names()).toHaveLength(12));
    await press("k", { ctrlKey: true });
    await type("group by state");
    await press("Enter");
    await waitFor(() => expect(screen.getByRole("treegrid")).toBeTruthy());
    await press("k", { ctrlKey: true });
    await type("add");
    await press("Enter");
    await waitFor(() => expect(screen.getByTestId("add-dialog")).toBeTruthy());
  });

  it("pauses alerts, and says in the header when that fails", async () => {
    const host = await openPalette();
    host.pauseAlerts = () => Promise.reject({ code: "x", sentence: "It did not.", remedy: "Try again." });
    await type("pause alerts");
    await press("Enter");
    await waitFor(() => expect(screen.getByRole("alert").textContent).toBe("It did not. Try again."));
  });

  it("shows a few of 10,000", async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => healthyRow(n, `agent-${n}`, Date.now(), 0));
    await openPalette(new FixtureHost(many));
    await type("agent-77");
    expect(entries()[0]).toBe("agent-77");
    expect(entries()).toHaveLength(50);
  });

  it("is accessible", async () => {
    await openPalette();
    await expectAccessible();
  });
});
