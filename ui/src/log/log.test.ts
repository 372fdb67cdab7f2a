import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, openWindow, rowOf, rows } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { localRows } from "../host/fixture/runs";
import { MOST_LINES } from "./buffer";
import { PULL_LINES } from "./feed.svelte";

const lines = () => screen.queryAllByTestId("log-line");
const texts = () => lines().map((line) => line.querySelector(".text")?.textContent ?? "");
const area = () => screen.getByTestId("log-lines");
const press = (key: string, held: KeyboardEventInit = {}) => fireEvent.keyDown(area(), { key, ...held });

async function openLog(name = "weather-agent", host = new FixtureHost(localRows(Date.now()))) {
  await openWindow(host);
  const row = rowOf(name);
  const id = row.dataset.id ?? "";
  row.focus();
  await fireEvent.keyDown(row, { key: "l" });
  await waitFor(() => expect(lines().length).toBeGreaterThan(0));
  return { host, id, log: host.log(id) };
}

describe("an agent's log", () => {
  it("opens with l, has the keyboard and an address, and is accessible", async () => {
    const { id } = await openLog();
    expect(location.hash).toBe(`#agent/${id}/log`);
    await waitFor(() => expect(document.activeElement).toBe(area()));
    expect(area().getAttribute("role")).toBe("log");
    expect(area().getAttribute("aria-live")).toBe("polite");
    await expectAccessible();
  });

  it("shows text as text, whatever is in it", async () => {
    const { host, id } = await openLog();
    await host.agentLogMark(id, `<img src=x onerror="alert(1)"> & <b>`);
    await waitFor(() => expect(texts().at(-1)).toContain(`<img src=x onerror="alert(1)"> & <b>`));
    expect(area().querySelector("img, b")).toBeNull();
  });

  it("tells the streams apart by a word, and colours levels", async () => {
    await openLog();
    await fireEvent.change(screen.getByTestId("log-stream"), { target: { value: "err" } });
    await waitFor(() => expect(lines().some((line) => line.classList.contains("err"))).toBe(true));
    const shown = lines().filter((line) => !line.classList.contains("note"));
    expect(shown.every((line) => line.querySelector(".stream")?.textContent === "err")).toBe(true);
    expect(shown.some((line) => line.classList.contains("error"))).toBe(true);
    await fireEvent.change(screen.getByTestId("log-level"), { target: { value: "error" } });
    await waitFor(() => expect(lines().some((line) => line.classList.contains("warn"))).toBe(false));
  });

  it("stops following with a step up, counts what comes, and goes on with End", async () => {
    const { log } = await openLog();
    log.grow(0);
    await press("PageUp");
    expect(screen.getByTestId("log-follow").textContent?.trim()).toMatch(/^(Follow|\d)/);
    expect(area().getAttribute("aria-live")).toBe("off");
    const before = texts();
    log.note("mark one");
    log.note("mark two");
    await waitFor(() =>
      expect(screen.getByTestId("log-follow").textContent).toMatch(/\d+ new lines — follow/),
    );
    expect(texts()).toEqual(before);
    await press("End");
    expect(screen.queryByTestId("log-follow")).toBeNull();
  });

  it("searches in the whole log, forth and back, and says when there is no more", async () => {
    const { host } = await openLog();
    const asked = vi.spyOn(host, "agentLogSearch");
    await press("/");
    const field = screen.getByTestId<HTMLInputElement>("log-search");
    expect(document.activeElement).toBe(field);
    await fireEvent.input(field, { target: { value: "start pid" } });
    await fireEvent.keyDown(field, { key: "Enter" });
    const current = () => document.querySelector(".current .text")?.textContent;
    await waitFor(() => expect(current()).toMatch(/^start pid 4\d+/));
    const last = current();
    expect(asked.mock.lastCall?.[3], "from the end one looks back").toBe(true);
    expect(document.querySelector(".current mark")?.textContent).toBe("start pid");
    await press("N", { shiftKey: true });
    await waitFor(() => expect([last, undefined]).not.toContain(current()));
    await press("n");
    await waitFor(() => expect(current()).toBe(last));
    await press("n");
    await waitFor(() => expect(screen.getByTestId("log-said").textContent).toBe("No later line"));
  });

  it("says what is wrong with a pattern", async () => {
    await openLog();
    await fireEvent.input(screen.getByTestId("log-search"), { target: { value: "(" } });
    await press("n");
    await waitFor(() => expect(screen.getByTestId("log-error").textContent).toContain("is not a pattern"));
  });

  it("goes from start to start", async () => {
    await openLog();
    const current = () => document.querySelector(".current .text")?.textContent ?? "";
    await press("[");
    await waitFor(() => expect(current()).toMatch(/^start/));
    const newest = current();
    await press("[");
    await waitFor(() => expect([newest, ""]).not.toContain(current()));
    expect(current()).toMatch(/^start/);
    await press("]");
    await waitFor(() => expect(current()).toBe(newest));
  });

  it("marks with m, and deletes the log only when that is said again", async () => {
    const { host, id } = await openLog();
    const [mark, clear] = [vi.spyOn(host, "agentLogMark"), vi.spyOn(host, "agentLogClear")];
    await press("m");
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("log-mark-text")));
    await fireEvent.input(screen.getByTestId("log-mark-text"), { target: { value: "before the change" } });
    await fireEvent.submit(screen.getByTestId("log-ask"));
    expect(mark).toHaveBeenCalledWith(id, "before the change");
    await waitFor(() => expect(texts().join("\n")).toContain("mark before the change"));
    await fireEvent.click(screen.getByTestId("log-more"));
    await fireEvent.click(screen.getByTestId("log-clear"));
    expect(screen.getByTestId("log-ask").textContent).toMatch(/cannot be brought\s+back/);
    await expectAccessible();
    await fireEvent.keyDown(screen.getByTestId("log-clear-go"), { key: "Escape" });
    expect(clear).not.toHaveBeenCalled();
    await fireEvent.click(screen.getByTestId("log-more"));
    await fireEvent.click(screen.getByTestId("log-clear"));
    await fireEvent.submit(screen.getByTestId("log-ask"));
    await waitFor(() => expect(clear).toHaveBeenCalledWith(id));
    await waitFor(() => expect(texts().join("\n")).not.toContain("mark before the change"));
  });

  it("copies the lines that were chosen", async () => {
    const { log } = await openLog();
    log.grow(0);
    const written = vi.spyOn(navigator.clipboard, "writeText").mockResolvedValue();
    const gutter = (at: number) => lines()[at]?.querySelector(".gutter") as HTMLElement;
    await press("ArrowUp");
    const wanted = texts().slice(2, 5);
    await fireEvent.click(gutter(2));
    await fireEvent.click(gutter(4), { shiftKey: true });
    await press("c", { ctrlKey: true });
    await waitFor(() => expect(screen.getByTestId("log-said").textContent).toBe("3 lines copied"));
    expect(written).toHaveBeenCalledWith(wanted.join("\n"));
  });

  it("says what was cut", async () => {
    await openLog();
    await fireEvent.input(screen.getByTestId("log-search"), { target: { value: "0123456789abcdef0123" } });
    await press("n");
    await waitFor(() =>
      expect(screen.getAllByTestId("log-cut")[0]?.textContent).toBe("cut: 1.2 MB left out"),
    );
    await press("w");
    await waitFor(() => expect(screen.getByTestId("log-wrap").getAttribute("aria-pressed")).toBe("true"));
    const plain = lines().map((line) => line.querySelector(".text")?.textContent ?? "");
    expect(Math.max(...plain.map((text) => text.length))).toBeLessThan(400);
  });

  it("takes the whole window with f, until another tab is opened", async () => {
    await openLog();
    await press("f");
    expect(document.querySelector(".app")?.classList.contains("tall")).toBe(true);
    await fireEvent.click(screen.getByTestId("tab-key"));
    await waitFor(() => expect(document.querySelector(".app")?.classList.contains("tall")).toBe(false));
  });

  it("says why it cannot be read, and reads it when it can", async () => {
    const host = new FixtureHost(localRows(Date.now()));
    const read = vi.spyOn(host, "agentLog");
    read.mockRejectedValueOnce({
      code: "log.unreadable",
      sentence: "The log cannot be read.",
      remedy: "Look.",
    });
    await openWindow(host);
    rows()[0]?.focus();
    await fireEvent.keyDown(rows()[0] as HTMLElement, { key: "l" });
    await waitFor(() => expect(lines().length).toBeGreaterThan(0));
    await waitFor(() => expect(screen.queryByTestId("log-error")).toBeNull());
    expect(read.mock.calls.length).toBeGreaterThan(1);
  });
});

describe("50,000 lines a second", () => {
  it("leave lines out with a mark, one small pull at a time, and the page stays small", async () => {
    const { host, log } = await openLog();
    let [underWay, most] = [0, 0];
    const page = host.agentLog.bind(host);
    const pull = vi.spyOn(host, "agentLog").mockImplementation(async (...asked) => {
      underWay += 1;
      most = Math.max(most, underWay);
      const answer = await page(...asked);
      underWay -= 1;
      return answer;
    });
    log.grow(50_000);
    await waitFor(() => expect(pull.mock.calls.length).toBeGreaterThan(6), { timeout: 5_000 });
    expect(most).toBe(1);
    expect(pull.mock.calls.every(([, , limit]) => limit <= PULL_LINES)).toBe(true);
    expect(lines().length).toBeLessThan(80);
    expect(area().getAttribute("aria-live")).toBe("off");
    log.grow(0);
    await waitFor(() => expect(area().getAttribute("aria-live")).toBe("polite"), { timeout: 3_000 });
    await press("PageUp");
    for (let n = 0; n < 60 && screen.queryAllByTestId("log-skipped").length === 0; n += 1)
      await press("PageUp");
    expect(screen.getAllByTestId("log-skipped")[0]?.textContent).toMatch(/^\d.* (KB|MB) skipped$/);
    const height = Number.parseInt((area().querySelector(".body") as HTMLElement).style.height, 10);
    expect(height / 18).toBeLessThanOrEqual(MOST_LINES * 1.01);
  });
});
