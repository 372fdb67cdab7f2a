import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { expectAccessible, names, openWindow, rowOf } from "../app.test-help";
import { checkColumns, type Columns, layoutOf, moved, USUAL } from "./columns";

const header = (id: string) => {
  const found = document.querySelector<HTMLElement>(`[data-column="${id}"]`);
  if (!found) throw new Error(`no column ${id}`);
  return found;
};
const shown = () =>
  [...document.querySelectorAll<HTMLElement>("[data-column]")].map((each) => each.dataset.column);
const template = () => screen.getByRole("grid").style.getPropertyValue("--columns");
const stored = () => JSON.parse(localStorage.getItem("beatkeeper.columns") ?? "null");
const press = (id: string, key: string, held: Partial<KeyboardEventInit> = {}) =>
  fireEvent.keyDown(header(id), { key, ...held });

const DEFAULT = [
  "state",
  "name",
  "verdict",
  "registry",
  "beat",
  "flips",
  "trip",
  "strip",
  "reconnects",
  "process",
];

describe("layoutOf", () => {
  const ids = (width: number, columns: Columns = USUAL) =>
    layoutOf(columns, width).columns.map(({ id }) => id);

  it("shows everything where there is room, or where the width is not known", () => {
    expect(ids(1120)).toEqual(DEFAULT);
    expect(ids(0)).toEqual(DEFAULT);
  });

  it("leaves out what the agent's page says as well, in a fixed order, and says so", () => {
    expect(ids(1000)).not.toContain("trip");
    expect(ids(560)).toEqual(["state", "name", "verdict", "flips"]);
    expect(layoutOf(USUAL, 1040).squeezed).toEqual(["trip"]);
  });

  it("never leaves out the last columns, but scrolls", () => {
    expect(ids(100)).toEqual(["state", "name", "verdict", "flips"]);
    expect(layoutOf(USUAL, 100).minWidth).toBeGreaterThan(100);
  });

  it("does not hold a chosen width against other columns", () => {
    const wide = { ...USUAL, widths: { name: 900 } };
    expect(ids(1120, wide)).toEqual(DEFAULT);
    expect(layoutOf(wide, 1120).minWidth).toBeGreaterThan(1120);
    expect(layoutOf(wide, 1120).template).toContain("900px");
  });

  it("gives the name room for a short id before anything else grows", () => {
    for (const width of [1045, 1110, 1120, 1280])
      expect(
        parseInt(layoutOf(USUAL, width).template.split(" ")[1] ?? ""),
        `${width}`,
      ).toBeGreaterThanOrEqual(190);
  });

  it("lets comfort go first when a column is made wider, bit by bit", () => {
    const tracks = (width: number) =>
      layoutOf({ ...USUAL, widths: { registry: width } }, 1120)
        .template.replaceAll(/minmax\([^)]*\)/g, "0px")
        .split(" ")
        .map((track) => parseInt(track));
    let before = tracks(50);
    for (let width = 51; width < 400; width += 1) {
      const now = tracks(width);
      now.forEach((track, at) =>
        expect(Math.abs(track - (before[at] ?? 0)), `${width}`).toBeLessThanOrEqual(2),
      );
      before = now;
    }
    expect(before[1], "the name shrinks to what it can do with").toBeLessThan(190);
  });

  it("counts cells over hidden columns too", () => {
    const { cells } = layoutOf({ ...USUAL, hidden: ["state", "verdict"] }, 0);
    expect(cells.slice(0, 2)).toEqual([
      { id: "name", colindex: 2 },
      { id: "where", colindex: 4 },
    ]);
  });
});

it("moved puts a column before another, or last", () => {
  expect(moved(["state", "name", "trip"], "trip", "state")).toEqual(["trip", "state", "name"]);
  expect(moved(["state", "name", "trip"], "state", null)).toEqual(["name", "trip", "state"]);
  expect(moved(["state", "name", "trip"], "name", "name")).toEqual(["state", "name", "trip"]);
});

describe("checkColumns", () => {
  it("takes what it wrote", () => {
    const columns: Columns = { ...USUAL, widths: { name: 300 }, sort: { by: "trip", descending: true } };
    expect(checkColumns(JSON.parse(JSON.stringify(columns)))).toEqual(columns);
  });

  it("gives columns that came later their usual place, and hides what is usually hidden", () => {
    const order = USUAL.order.filter((id) => id !== "beat" && id !== "uptime");
    const read = checkColumns({ order, hidden: ["where", "ours"], widths: {}, sort: null });
    expect(read?.order).toEqual(USUAL.order);
    expect(read?.hidden).toEqual(["where", "ours", "uptime"]);
  });

  it.each([
    ["no object", 7],
    ["an unknown column", { ...USUAL, order: [...USUAL.order, "toString"] }],
    ["a column twice", { ...USUAL, order: ["name", "name"] }],
    ["a width that is no number", { ...USUAL, widths: { name: "wide" } }],
    ["a width of nothing", { ...USUAL, widths: { name: 0 } }],
    ["a sort by nothing", { ...USUAL, sort: { by: "colour", descending: false } }],
    ["nothing to show", { ...USUAL, hidden: USUAL.order }],
  ])("does not take %s", (_what, value) => {
    expect(checkColumns(value)).toBeNull();
  });
});

describe("sorting", () => {
  it("goes one way, the other way, and back, by click", async () => {
    await openWindow();
    const usual = names();
    await fireEvent.click(header("name"));
    expect(names()[0]).toBe("calendar-sync-svc");
    expect(header("name").getAttribute("aria-sort")).toBe("ascending");
    expect(header("trip").getAttribute("aria-sort")).toBe("none");
    await fireEvent.click(header("name"));
    expect(names()[0]).toBe("weather-agent");
    expect(header("name").getAttribute("aria-sort")).toBe("descending");
    await fireEvent.click(header("name"));
    expect(names()).toEqual(usual);
    expect(header("name").getAttribute("aria-sort")).toBe("none");
  });

  it("starts with the largest where that is what one looks for, by keyboard", async () => {
    await openWindow();
    await press("reconnects", "Enter");
    expect(names()[0]).toBe("release-notes");
    expect(header("reconnects").getAttribute("aria-sort")).toBe("descending");
    await press("reconnects", " ");
    expect(header("reconnects").getAttribute("aria-sort")).toBe("ascending");
  });

  it("is done at once even with the pointer in the rows, and held there afterwards", async () => {
    const host = await openWindow();
    const body = document.querySelector(".body") as HTMLElement;
    await fireEvent.pointerEnter(body);
    await press("name", "Enter");
    expect(names()[0]).toBe("calendar-sync-svc");
    const row = host.rows.get(rowOf("weather-agent").dataset.id ?? "");
    if (!row) throw new Error("no row");
    host.put({ ...row, name: "a-new-name" });
    host.announce();
    await waitFor(() => expect(names()).toContain("a-new-name"));
    expect(names().at(-1)).toBe("a-new-name");
    await fireEvent.pointerLeave(body);
    expect(names()[0]).toBe("a-new-name");
  });
});

describe("columns", () => {
  it("are hidden and shown from the list, and put right again", async () => {
    await openWindow();
    expect(shown()).toEqual(DEFAULT);
    await fireEvent.click(screen.getByTestId("columns"));
    await fireEvent.click(screen.getByTestId("column-trip"));
    await fireEvent.click(screen.getByTestId("column-uptime"));
    expect(shown()).not.toContain("trip");
    expect(shown()).toContain("uptime");
    const uptime = rowOf("release-notes").querySelector("[data-testid=row-uptime]");
    expect(uptime?.textContent).toBe("87.1 %");
    expect(uptime?.getAttribute("title")).toBe("87.1 % awake, 71.2 % of all the time");
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("columns-reset"));
    expect(shown()).toEqual(DEFAULT);
    expect(stored()).toBeNull();
  });

  it("have the raw uptime, tags and projects for who wants them, and sort by them", async () => {
    await openWindow();
    await fireEvent.click(screen.getByTestId("columns"));
    for (const id of ["raw", "tags", "project", "uptime"])
      await fireEvent.click(screen.getByTestId(`column-${id}`));
    const cells = (name: string) =>
      ["raw", "tags", "project"].map(
        (id) => rowOf(name).querySelector(`[data-testid=row-${id}]`)?.textContent,
      );
    expect(cells("release-notes")).toEqual(["71.2 %", "production, docs", "relnotes"]);
    expect(cells("mail-sorter")).toEqual(["96.1 %", "—", "—"]);
    await press("raw", "Enter");
    expect(names()[0]).toBe("nightly-eval");
    await press("uptime", "Enter");
    expect(names()[0], "a night asleep is not held against it").toBe("release-notes");
    await press("project", "Enter");
    expect(names().slice(0, 2)).toEqual(["invoice-triage", "price-oracle-svc"]);
    await expectAccessible();
  });

  it("keep the last one", async () => {
    await openWindow();
    for (const id of DEFAULT.slice(0, -1)) await press(id, "Delete");
    expect(shown()).toEqual(["process"]);
    await press("process", "Delete");
    expect(shown()).toEqual(["process"]);
  });

  it("say where they are among all there are", async () => {
    await openWindow();
    expect(screen.getByRole("grid").getAttribute("aria-colcount")).toBe("16");
    await press("verdict", "Delete");
    expect(header("registry").getAttribute("aria-colindex")).toBe("5");
    const cell = rowOf("code-reviewer").querySelector("[data-testid=row-registry]");
    expect(cell?.getAttribute("aria-colindex")).toBe("5");
  });

  it("are walked, moved and resized by keyboard, with one tab stop", async () => {
    await openWindow();
    header("state").focus();
    await press("state", "ArrowRight");
    expect(document.activeElement).toBe(header("name"));
    expect(document.querySelectorAll("[data-column][tabindex='0']")).toHaveLength(1);
    await press("name", "ArrowRight", { altKey: true });
    expect(shown().slice(0, 3)).toEqual(["state", "verdict", "name"]);
    await waitFor(() => expect(document.activeElement).toBe(header("name")));
    await press("name", "ArrowLeft", { altKey: true });
    expect(shown().slice(0, 3)).toEqual(["state", "name", "verdict"]);
    await press("trip", "ArrowRight", { shiftKey: true });
    await press("trip", "ArrowRight", { shiftKey: true });
    await press("trip", "ArrowLeft", { shiftKey: true });
    expect(template()).toContain(" 60px ");
    await press("name", "ArrowDown");
    await waitFor(() => expect(document.activeElement).toBe(rowOf("release-notes")));
  });

  it("are resized by the pointer, which Escape takes back and a double click undoes", async () => {
    await openWindow();
    const edge = screen.getByTestId("edge-flips");
    const usual = template();
    await fireEvent.pointerDown(edge, { button: 0, clientX: 500, pointerId: 1 });
    await fireEvent.pointerMove(window, { clientX: 540, pointerId: 1 });
    expect(template()).toContain(" 90px ");
    expect(stored(), "nothing is kept while it moves").toBeNull();
    await fireEvent.pointerUp(window, { clientX: 540, pointerId: 1 });
    expect(stored().value.widths).toEqual({ flips: 90 });
    await fireEvent.pointerDown(edge, { button: 0, clientX: 500, pointerId: 1 });
    await fireEvent.pointerMove(window, { clientX: 700, pointerId: 1 });
    await fireEvent.keyDown(window, { key: "Escape" });
    expect(template()).toContain(" 90px ");
    await fireEvent.dblClick(edge);
    expect(template()).toBe(usual);
    expect(header("flips").getAttribute("aria-sort"), "none of it was a click").toBe("none");
  });

  it("are moved by the pointer, and a click that ends it does not sort", async () => {
    await openWindow();
    for (const [at, each] of [...document.querySelectorAll("[data-column]")].entries())
      each.getBoundingClientRect = () => new DOMRect(at * 100, 0, 90, 32);
    await fireEvent.pointerDown(header("process"), { button: 0, clientX: 940, pointerId: 1 });
    await fireEvent.pointerMove(window, { clientX: 120, pointerId: 1 });
    await fireEvent.pointerUp(window, { clientX: 120, pointerId: 1 });
    await fireEvent.click(header("process"));
    expect(shown().slice(0, 3)).toEqual(["state", "process", "name"]);
    expect(header("process").getAttribute("aria-sort")).toBe("none");
  });

  it("are as they were left after a restart", async () => {
    localStorage.setItem(
      "beatkeeper.columns",
      JSON.stringify({
        version: 1,
        value: { ...USUAL, hidden: ["trip"], widths: { name: 333 }, sort: { by: "name", descending: true } },
      }),
    );
    await openWindow();
    expect(shown()).not.toContain("trip");
    expect(template()).toContain("333px");
    await waitFor(() => expect(names()[0]).toBe("weather-agent"));
  });

  it("are the usual ones when what was kept is broken", async () => {
    localStorage.setItem("beatkeeper.columns", '{"version":1,"value":{"order":["nonsense"]}}');
    await openWindow();
    expect(shown()).toEqual(DEFAULT);
  });
});
