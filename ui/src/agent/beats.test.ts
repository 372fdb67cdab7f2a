import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { demoRows } from "../host/fixture/rows";

const text = (testid: string) => screen.getByTestId(testid).textContent?.replace(/\s+/g, " ").trim() ?? "";
const press = (key: string) => fireEvent.keyDown(screen.getByTestId("beats-strip"), { key });

async function openBeats(name: string, host = new FixtureHost(demoRows(Date.now()))) {
  await openWindow(host);
  await fireEvent.click(rowOf(name));
  await fireEvent.click(screen.getByTestId("tab-beats"));
  await waitFor(() => expect(text("beats-text")).toContain("last 24 h:"));
  return host;
}

describe("the beats of one agent", () => {
  it("say what the engine has counted, and both shares", async () => {
    await openBeats("research-planner");
    expect(text("beats-text")).toMatch(/^last 24 h: [\d,]+ beats, 1 gap, longest 54 min, own network$/);
    expect(text("beats-uptime")).toMatch(/^100 % awake, [\d.]+ % of all the time$/);
    expect(screen.getByTestId("beats-legend").querySelectorAll("li svg path")).toHaveLength(6);
    await expectAccessible();
  });

  it("are walked stretch by stretch, and each is read out", async () => {
    await openBeats("research-planner");
    const strip = screen.getByRole("listbox");
    expect(strip.tabIndex).toBe(0);
    const said = [];
    await press("Home");
    for (let n = 0; n < 5; n += 1) {
      said.push(text("beats-said").split(",")[0]);
      const option = screen.getByTestId("beats-said");
      expect(strip.getAttribute("aria-activedescendant"), "a new one is a change to be read").toBe(option.id);
      expect([
        option.ariaPosInSet ?? option.getAttribute("aria-posinset"),
        option.getAttribute("aria-setsize"),
      ]).toEqual([`${n + 1}`, "5"]);
      await press("ArrowRight");
    }
    expect(said).toEqual(["confirmed", "own network", "confirmed", "asleep", "confirmed"]);
    expect(text("beats-said"), "it ends there").toMatch(/^confirmed/);
    await press("Home");
    await press("ArrowLeft");
    expect(screen.getByTestId("beats-said").getAttribute("aria-posinset")).toBe("1");
    await press("End");
    await press("ArrowLeft");
    expect(text("beats-said")).toMatch(/^asleep, .+ to .+, 3 h 24 min$/);
    const { left, right } = screen.getByTestId("beats-mark").style;
    expect(parseFloat(left)).toBeCloseTo(65, 0);
    expect(right).toMatch(/^calc\(100% - 79\.\d+%\)$/);
  });

  it("name the cause of what is wrong", async () => {
    await openBeats("release-notes");
    await press("End");
    expect(text("beats-said")).toMatch(/^missed, .+ to .+, 3 h 4\d min, process\.gone$/);
  });

  it("stay at the time one has walked to when stretches come", async () => {
    const host = await openBeats("research-planner");
    await press("Home");
    await press("ArrowRight");
    const row = host.rows.get(rowOf("research-planner").dataset.id ?? "");
    if (!row) throw new Error("no row");
    host.put({ ...row, strip_rev: row.strip_rev + 1 });
    const asked = vi.spyOn(host, "beatStrips");
    host.announce();
    await waitFor(() => expect(asked).toHaveBeenCalled());
    expect(text("beats-said")).toMatch(/^own network/);
  });

  it("are shown over an hour, a day or thirty", async () => {
    const host = await openBeats("code-reviewer");
    const asked = vi.spyOn(host, "beatStrips");
    const ticks = () => screen.getByTestId("beats-axis").querySelectorAll("span").length;
    expect([7, 8]).toContain(ticks());
    await fireEvent.click(screen.getByTestId("beats-range-720"));
    await waitFor(() => expect(text("beats-text")).toContain("last 30 days:"));
    expect(asked).toHaveBeenCalledWith([rowOf("code-reviewer").dataset.id], 720);
    expect(ticks()).toBeGreaterThanOrEqual(5);
    await fireEvent.click(screen.getByTestId("beats-range-1"));
    await waitFor(() => expect(text("beats-text")).toContain("last 1 h:"));
    expect(ticks()).toBeGreaterThanOrEqual(5);
    await expectAccessible();
  });

  it("say that nothing was recorded, with nothing to walk", async () => {
    await openBeats("tmp-experiment");
    expect(text("beats-text")).toBe("last 24 h: nothing recorded");
    await press("ArrowLeft");
    expect(screen.queryByTestId("beats-said")).toBeNull();
  });
});

describe("the tooltip of a strip", () => {
  const stripIn = (name: string) => rowOf(name).querySelector(".strip") as SVGElement;
  const point = async (strip: SVGElement, x: number) => {
    strip.getBoundingClientRect = () => new DOMRect(100, 40, 180, 16);
    await fireEvent.pointerMove(strip, { clientX: 100 + x, clientY: 48 });
  };

  it("is one for all, says the stretch under the pointer and then the whole", async () => {
    await openWindow();
    await waitFor(() => expect(stripIn("release-notes").querySelector(".missed")).toBeTruthy());
    await point(stripIn("release-notes"), 178);
    const [span, whole] = screen.getByTestId("tip").querySelectorAll("p");
    expect(span?.textContent).toMatch(/^missed, .+, process\.gone$/);
    expect(whole?.textContent).toMatch(/^last 24 h: [\d,]+ beats, 1 gap/);
    await point(stripIn("code-reviewer"), 20);
    expect(screen.getAllByTestId("tip")).toHaveLength(1);
    expect(text("tip")).toMatch(/^confirmed, .+ beats/);
    await fireEvent.pointerLeave(stripIn("code-reviewer"));
    expect(screen.queryByTestId("tip")).toBeNull();
  });

  it("goes with its row", async () => {
    await openWindow();
    await waitFor(() => expect(stripIn("release-notes").querySelector(".missed")).toBeTruthy());
    await point(stripIn("release-notes"), 178);
    expect(screen.getByTestId("tip")).toBeTruthy();
    await fireEvent.click(screen.getByTestId("chip-stale"));
    await waitFor(() => expect(screen.queryByTestId("tip")).toBeNull());
  });
});

describe("the range of the table's strips", () => {
  const head = () => document.querySelector("[data-column=strip]")?.textContent?.trim();

  it("is chosen beside the columns, named by the header, and kept", async () => {
    const host = await openWindow();
    const asked = vi.spyOn(host, "beatStrips");
    expect(head()).toBe("Last 24 h");
    await fireEvent.click(screen.getByTestId("columns"));
    await fireEvent.click(screen.getByTestId("range-1"));
    expect(head()).toBe("Last 1 h");
    await waitFor(() => expect(asked.mock.calls.at(-1)?.[1]).toBe(1));
    await waitFor(() =>
      expect(rowOf("code-reviewer").querySelector(".strip")?.getAttribute("aria-label")).toMatch(
        /^last 1 h: /,
      ),
    );
    expect(JSON.parse(localStorage.getItem("beatkeeper.strip") ?? "")).toEqual({ version: 1, value: 1 });
    await expectAccessible();
  });

  it("is chosen from the palette, too", async () => {
    await openWindow();
    await fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    await fireEvent.input(screen.getByTestId("palette-input"), { target: { value: "last 30 days" } });
    await fireEvent.keyDown(screen.getByTestId("palette-input"), { key: "Enter" });
    await waitFor(() => expect(head()).toBe("Last 30 days"));
  });

  it.each([
    ["720", "Last 30 days"],
    ["7", "Last 24 h"],
    ['"1"', "Last 24 h"],
  ])("is after a restart with %s: %s", async (kept, word) => {
    localStorage.setItem("beatkeeper.strip", `{"version":1,"value":${kept}}`);
    await openWindow();
    expect(head()).toBe(word);
  });
});
