import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import type { Downtime } from "../host/host";
import { alertsHost, openAlerts, said } from "./alerts.test-help";
import { barWords, linesOf, mostly, partsOf, upShare } from "./downtime";

const names = () =>
  screen.getAllByTestId("fault-line").map((line) => line.querySelector("th")?.textContent?.trim());

async function openFaults(host = alertsHost()) {
  await openAlerts("fault", host);
  await waitFor(() => expect(screen.getByTestId("fault-total")).toBeTruthy());
  return host;
}

describe("whose fault it was", () => {
  it("is a bar for each agent and for the fleet, and says the same in words", async () => {
    await openFaults();
    expect(names()[0]).toBe("release-notes");
    const bar = within(screen.getAllByTestId("fault-line")[0] as HTMLElement).getByTestId("fault-bar");
    expect(bar.getAttribute("aria-label")).toMatch(
      /^1 h 40 min: process 1 h 05 min, link 7 min, registry 28 min$/,
    );
    expect([...bar.children].map((part) => part.className.split(" ")[1])).toEqual([
      "process",
      "link",
      "registry",
    ]);
    expect(said("fault-total")).toMatch(/^The fleet .+: process 1 h 05 min, /);
    await expectAccessible();
  });

  it("counts what its legend counts: nobody's fault only when it is asked for", async () => {
    await openFaults();
    expect(screen.getByTestId("legend-asleep").getAttribute("aria-pressed")).toBe("false");
    expect(said("fault-total")).not.toMatch(/asleep \d/);
    await fireEvent.click(screen.getByTestId("legend-asleep"));
    expect(said("fault-total")).toMatch(/asleep 1 d/);
    await fireEvent.click(screen.getByTestId("legend-process"));
    expect(said("fault-total")).not.toMatch(/process \d/);
  });

  it("is sorted by any column, both ways", async () => {
    await openFaults();
    const sortOf = (column: string) => screen.getByTestId(`fault-sort-${column}`).closest("th")?.ariaSort;
    await fireEvent.click(screen.getByTestId("fault-sort-name"));
    expect(names().slice(0, 2)).toEqual(["calendar-sync-svc", "code-reviewer"]);
    expect(["ascending", null, undefined]).toContain(sortOf("name"));
    await fireEvent.click(screen.getByTestId("fault-sort-name"));
    expect(names()[0]).toBe("weather-agent");
    await fireEvent.click(screen.getByTestId("fault-sort-share"));
    const shares = screen
      .getAllByTestId<HTMLTableRowElement>("fault-line")
      .map((line) => parseFloat(line.cells[3]?.textContent ?? ""));
    expect(shares).toEqual([...shares].sort((a, b) => a - b));
    expect(shares.at(-1), "who missed nothing was up all the time that counts").toBe(100);
  });

  it("is asked for each range, and exported as it was counted", async () => {
    const host = await openFaults();
    const asked = vi.spyOn(host, "downtime");
    const exported = vi.spyOn(host, "downtimeExport");
    await fireEvent.click(screen.getByTestId("fault-range-720"));
    await waitFor(() => expect(asked).toHaveBeenCalledTimes(1));
    const [id, from, to] = asked.mock.lastCall ?? [];
    expect([id, (to ?? 0) - (from ?? 0)]).toEqual([null, 720 * 3_600_000]);
    await waitFor(() => expect(said("fault-total")).toMatch(/process 23 h/));
    await fireEvent.click(screen.getByTestId("fault-csv"));
    await waitFor(() => expect(screen.getByText("/home/dev/downtime-720h.csv")).toBeTruthy());
    expect(exported).toHaveBeenCalledWith(null, from, to, "csv", "downtime-720h.csv");
  });

  it("says that there is nobody", async () => {
    await openFaults(new FixtureHost());
    expect(said("fault-none")).toBe("No agent was watched in that time.");
  });

  it("says that it cannot be counted", async () => {
    const host = new FixtureHost();
    host.downtime = () => Promise.reject({ code: "x", sentence: "It cannot be read.", remedy: "" });
    await openAlerts("fault", host);
    await waitFor(() => expect(said("fault-error")).toBe("It cannot be read."));
  });
});

describe("downtime", () => {
  const shares = (parts: Downtime["total"]["by_fault"]) => ({
    up_ms: 900,
    down_ms: parts.reduce((sum, { ms }) => sum + ms, 0),
    by_fault: parts,
  });
  const agent = (name: string, parts: Downtime["total"]["by_fault"]) => ({
    id: name,
    name,
    ...shares(parts),
  });
  const downtime: Downtime = {
    from: 0,
    to: 1_000,
    agents: [
      agent("a", [{ fault: "asleep", ms: 90_000 }]),
      agent("b", [
        { fault: "link", ms: 2_000 },
        { fault: "process", ms: 1_000 },
      ]),
    ],
    total: shares([]),
  };

  it("orders by what is counted, and by name where that is equal", () => {
    const order = (...hidden: ("asleep" | "link" | "process")[]) =>
      linesOf(downtime, new Set(hidden), "down", true).map(({ name }) => name);
    expect(order()).toEqual(["a", "b"]);
    expect(order("asleep")).toEqual(["b", "a"]);
    expect(order("asleep", "link", "process")).toEqual(["a", "b"]);
  });

  it("has its parts in the order of the legend", () => {
    const parts = partsOf(downtime.agents[1] ?? downtime.total, new Set());
    expect(parts.map(({ fault }) => fault)).toEqual(["process", "link"]);
    expect(mostly({ parts })).toBe("link");
    expect(barWords(parts)).toBe("3 s: process 1 s, link 2 s");
    expect(barWords([])).toBe("nothing missed");
  });

  it("has no share of no time", () => {
    expect(upShare({ up_ms: 0, counted: 0 })).toBeNull();
    expect(upShare({ up_ms: 3, counted: 1 })).toBe(0.75);
  });
});
