import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { announce, expectAccessible, names, openWindow, rowOf, rows } from "../app.test-help";
import type { AgentRow } from "../host/bindings/AgentRow";
import { FixtureHost } from "../host/fixture";
import { demoRows, healthyRow } from "../host/fixture/rows";

const healthy = (count: number): AgentRow[] =>
  Array.from({ length: count }, (_, n) => healthyRow(n, `agent-${n}`, Date.now(), n % 30_000));

function late(row: AgentRow): AgentRow {
  return {
    ...row,
    liveness: "late",
    needs_attention: true,
    verdict: { ...row.verdict, severity: "warning", sentence: "Silent" },
  };
}

describe("the table", () => {
  it("shows what needs you first, in words and by data for tests", async () => {
    await openWindow();
    expect(screen.getByTestId("fleet-sentence").textContent).toBe(
      "7 active, 1 late, 1 stale, 1 offline, 1 never beat, 1 paused",
    );
    expect(names().slice(0, 4)).toEqual([
      "release-notes",
      "weather-agent",
      "invoice-triage",
      "calendar-sync-svc",
    ]);
    const row = rowOf("weather-agent");
    expect(row.dataset.liveness).toBe("stale");
    expect(row.dataset.id).toMatch(/^zns:[0-9a-f]{32}$/);
    expect(row.querySelector("[data-testid=row-verdict]")?.textContent?.trim()).toBe(
      "Connected and sending, but the registry ignores it: the clock is 74 s ahead",
    );
    expect(row.querySelector("[data-testid=row-flips]")?.textContent?.trim()).toBe("passed");
    expect(row.querySelector("[data-testid=row-registry]")?.textContent).toBe("inactive");
  });

  it("says never for a record that has only its registration", async () => {
    await openWindow();
    const cell = rowOf("tmp-experiment").querySelector("[data-testid=row-beat]");
    expect(cell?.textContent).toBe("never");
    expect(cell?.getAttribute("title")).toContain("its registration, not a beat");
    expect(rowOf("tmp-experiment").querySelector("[data-testid=row-flips]")?.textContent?.trim()).toBe("—");
  });

  it("gives each strip a text", async () => {
    await openWindow();
    await waitFor(() =>
      expect(rowOf("code-reviewer").querySelector(".strip")?.getAttribute("aria-label")).toMatch(
        /^last 24 h: [\d,]+ beats, no gaps$/,
      ),
    );
    expect(rowOf("release-notes").querySelector(".strip")?.getAttribute("aria-label")).toMatch(
      /1 gap, longest .*, missed, process\.gone$/,
    );
  });

  it("keeps 10,000 rows out of the document but in the count", async () => {
    await openWindow(new FixtureHost(healthy(10_000)));
    expect(rows().length).toBeGreaterThan(5);
    expect(rows().length).toBeLessThan(60);
    expect(document.querySelectorAll("*").length).toBeLessThan(2_000);
    expect(screen.getByRole("grid").getAttribute("aria-rowcount")).toBe("10001");
    const scroller = document.querySelector(".scroller") as HTMLElement;
    scroller.scrollTop = 5_000 * 36;
    await fireEvent.scroll(scroller);
    expect(names()).toContain("agent-5000");
    expect(names()).not.toContain("agent-0");
    expect(rows().length).toBeLessThan(60);
  });

  it("keeps a row's element when its data changes", async () => {
    const host = await openWindow();
    const before = rowOf("code-reviewer");
    const row = host.rows.get(before.dataset.id ?? "") as AgentRow;
    await announce(host, () => host.put({ ...row, verdict: { ...row.verdict, sentence: "Something else" } }));
    await waitFor(() => expect(before.textContent).toContain("Something else"));
    expect(rowOf("code-reviewer")).toBe(before);
  });

  it("is accessible", async () => {
    await openWindow();
    await expectAccessible();
  });
});

describe("order under the user", () => {
  it("is held while the pointer is in the rows, and put right when it leaves", async () => {
    const host = await openWindow(new FixtureHost(healthy(3)));
    const body = document.querySelector(".body") as HTMLElement;
    await fireEvent.pointerEnter(body);
    const last = [...host.rows.values()][2] as AgentRow;
    await announce(host, () => host.put(late(last)));
    await waitFor(() => expect(rowOf("agent-2").dataset.liveness).toBe("late"));
    expect(names()).toEqual(["agent-0", "agent-1", "agent-2"]);
    expect(screen.getByText("order held")).toBeTruthy();

    const added = healthyRow(77, "a-first-by-name", Date.now(), 0);
    await announce(host, () => host.put(added));
    await waitFor(() => expect(names()).toEqual(["agent-0", "agent-1", "agent-2", "a-first-by-name"]));

    await fireEvent.pointerLeave(body);
    expect(names()).toEqual(["agent-2", "a-first-by-name", "agent-0", "agent-1"]);
    expect(screen.queryByText("order held")).toBeNull();
  });

  it("is held while the focus is in the rows", async () => {
    const host = await openWindow(new FixtureHost(healthy(3)));
    rowOf("agent-0").focus();
    await announce(host, () => host.put(late([...host.rows.values()][2] as AgentRow)));
    await waitFor(() => expect(rowOf("agent-2").dataset.liveness).toBe("late"));
    expect(names()[0]).toBe("agent-0");
    screen.getByTestId("search").focus();
    await waitFor(() => expect(names()[0]).toBe("agent-2"));
  });

  it("moves at once when nobody is there", async () => {
    const host = await openWindow(new FixtureHost(healthy(3)));
    await announce(host, () => host.put(late([...host.rows.values()][2] as AgentRow)));
    await waitFor(() => expect(names()[0]).toBe("agent-2"));
  });
});

describe("the keyboard", () => {
  const focused = () => (document.activeElement as HTMLElement).querySelector(".name")?.textContent;
  const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });

  it("walks with j, k and arrows, opens with Enter, closes with Escape", async () => {
    await openWindow();
    await press("j");
    await waitFor(() => expect(focused()).toBe("release-notes"));
    await press("j");
    await waitFor(() => expect(focused()).toBe("weather-agent"));
    await press("ArrowDown");
    await waitFor(() => expect(focused()).toBe("invoice-triage"));
    await press("k");
    await waitFor(() => expect(focused()).toBe("weather-agent"));
    await press("Enter");
    expect(screen.getByTestId("agent-page").dataset.id).toBe(rowOf("weather-agent").dataset.id);
    expect(rowOf("weather-agent").getAttribute("aria-current")).toBe("true");
    await press("Escape");
    expect(screen.queryByTestId("agent-page")).toBeNull();
    await waitFor(() => expect(focused()).toBe("weather-agent"));
  });

  it("stops at both ends, and reaches the last of 10,000", async () => {
    await openWindow(new FixtureHost(healthy(10_000)));
    await press("j");
    await press("ArrowUp");
    await waitFor(() => expect(focused()).toBe("agent-0"));
    await press("End");
    await waitFor(() => expect(focused()).toBe("agent-9999"));
    await press("ArrowDown");
    await waitFor(() => expect(focused()).toBe("agent-9999"));
  });

  it("has one tab stop among the rows", async () => {
    await openWindow();
    expect(rows().filter((row) => row.tabIndex === 0)).toHaveLength(1);
    rowOf("code-reviewer").focus();
    await waitFor(() => expect(rowOf("code-reviewer").tabIndex).toBe(0));
    expect(rows().filter((row) => row.tabIndex === 0)).toHaveLength(1);
  });

  it("searches with /, clears with Escape, and leaves typing alone", async () => {
    await openWindow();
    await press("/");
    const search = screen.getByTestId<HTMLInputElement>("search");
    expect(document.activeElement).toBe(search);
    await fireEvent.input(search, { target: { value: "CLOCK ahead" } });
    expect(names()).toEqual(["weather-agent"]);
    await press("j");
    expect(document.activeElement).toBe(search);
    await press("Escape");
    expect(search.value).toBe("");
    expect(names()).toHaveLength(12);
  });
});

describe("a snoozed agent", () => {
  it("shows that and until when, besides its state, until it is over", async () => {
    const host = await openWindow();
    const shape = () => rowOf("docs-indexer").querySelector(".shape");
    expect(shape()?.getAttribute("aria-label")).toMatch(/^active, snoozed until (\w+ \d+ )?\d/);
    expect(shape()?.classList.contains("snoozed")).toBe(true);
    expect(rowOf("docs-indexer").querySelector(".c-state")?.getAttribute("title")).toContain("snoozed until");
    const row = host.rows.get(rowOf("docs-indexer").dataset.id ?? "") as AgentRow;
    await announce(host, () => host.put({ ...row, snoozed_until: Date.now() - 1 }));
    await waitFor(() => expect(shape()?.getAttribute("aria-label")).toBe("active"));
  });
});

describe("the search", () => {
  it("finds tags and projects", async () => {
    await openWindow();
    const find = (value: string) => fireEvent.input(screen.getByTestId("search"), { target: { value } });
    await find("finance");
    expect(names()).toEqual(["invoice-triage", "price-oracle-svc"]);
    await find("devtools internal");
    expect(names()).toEqual(["code-reviewer", "standup-bot"]);
  });
});

describe("chips", () => {
  it("count and filter, and give everything back", async () => {
    await openWindow();
    const chip = screen.getByTestId("chip-stale");
    expect(chip.textContent?.replace(/\s+/g, " ").trim()).toBe("1 stale");
    await fireEvent.click(chip);
    expect(chip.getAttribute("aria-pressed")).toBe("true");
    expect(names()).toEqual(["weather-agent"]);
    await fireEvent.click(screen.getByTestId("chip-all"));
    expect(names()).toHaveLength(12);
  });

  it("say when nothing matches, with the way out", async () => {
    await openWindow(new FixtureHost(demoRows(Date.now()).slice(3, 6)));
    await fireEvent.click(screen.getByTestId("chip-offline"));
    expect(screen.getByTestId("no-match")).toBeTruthy();
    await fireEvent.click(screen.getByText("Show all"));
    expect(names()).toHaveLength(3);
  });
});
