import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { expectAccessible, names, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { field } from "../host/fixture/field";
import { COLUMNS, layoutOf, offered, USUAL } from "./columns";

const OF_BUS = ["bus", "sequence", "measured", "runsAt"] as const;
const NOW = Date.now();

async function openWith(host: FixtureHost, ...ids: readonly string[]): Promise<void> {
  await openWindow(host);
  await fireEvent.click(screen.getByTestId("columns"));
  for (const id of ids) await fireEvent.click(screen.getByTestId(`column-${id}`));
}
const cell = (name: string, id: string) => rowOf(name).querySelector<HTMLElement>(`[data-testid=row-${id}]`);
const said = (name: string, id: string) => cell(name, id)?.textContent;

describe("the columns of buses", () => {
  it("are offered only where there is a bus, and nobody counts them elsewhere", async () => {
    await openWith(new FixtureHost([...field(NOW).rows.values()]));
    for (const id of OF_BUS) expect(screen.queryByTestId(`column-${id}`)).toBeNull();
    expect(screen.getByRole("grid").getAttribute("aria-colcount")).toBe(`${COLUMNS.length - OF_BUS.length}`);
  });

  it("say the bus's word beside ours, and where it runs", async () => {
    await openWith(field(NOW), ...OF_BUS);
    expect(screen.getByRole("grid").getAttribute("aria-colcount")).toBe(`${COLUMNS.length}`);
    expect(OF_BUS.map((id) => said("crawler-2", id))).toEqual([
      "failed",
      "911",
      "CPU 12 %, 310 MB, 51 waiting",
      "build-server",
    ]);
    expect(cell("crawler-2", "bus")?.title).toBe("team says failed, 4 missed");
    expect(cell("crawler-2", "bus")?.className).toContain("bad");
    expect(said("summariser", "runsAt")).toBe("desk");
    expect(cell("summariser", "runsAt")?.title).toBe("This computer beats for it");
    expect(cell("translator", "runsAt")?.title).toBe("build-server beats for it");
    await expectAccessible();
  });

  it("sort with the worst on top, and dashes last both ways", async () => {
    await openWith(field(NOW), "bus");
    const header = document.querySelector<HTMLElement>('[data-column="bus"]') as HTMLElement;
    await fireEvent.click(header);
    expect(names()[0]).toBe("crawler-2");
    expect(said(names().at(-1) ?? "", "bus")).toBe("—");
    await fireEvent.click(header);
    expect(names()[0]).toBe("nightly-report");
    expect(said(names().at(-1) ?? "", "bus")).toBe("—");
  });

  it("go with the last bus, and come back as they were", async () => {
    const host = field(NOW);
    await openWith(host, "bus");
    expect(document.querySelector('[data-column="bus"]')).toBeTruthy();
    const { health } = host;
    host.health = health.filter(({ dialect }) => dialect !== "redis");
    host.revision += 1;
    host.announce();
    await waitFor(() => expect(document.querySelector('[data-column="bus"]')).toBeNull());
    host.health = health;
    host.revision += 1;
    host.announce();
    await waitFor(() => expect(document.querySelector('[data-column="bus"]')).toBeTruthy());
  });

  it("never leave a table that shows nothing", () => {
    const alone = { ...USUAL, hidden: USUAL.order.filter((id) => id !== "runsAt") };
    const ids = (hasBus: boolean) => layoutOf(offered(alone, hasBus), 0).columns.map(({ id }) => id);
    expect([ids(true), ids(false)]).toEqual([["runsAt"], ["name"]]);
  });
});
