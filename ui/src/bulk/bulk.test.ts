import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow, rowOf, rows } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { demoRows, healthyRow } from "../host/fixture/rows";
import { Run } from "./run.svelte";

const selected = () =>
  rows()
    .filter((row) => row.getAttribute("aria-selected") === "true")
    .map((row) => row.querySelector(".name")?.textContent);
const press = (key: string, held: KeyboardEventInit = {}) =>
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...held });
const focusOn = (name: string) => waitFor(() => expect(document.activeElement).toBe(rowOf(name)));
const text = (testid: string) => screen.getByTestId(testid).textContent?.replace(/\s+/g, " ").trim();
const ctrl = (name: string) => fireEvent.click(rowOf(name), { ctrlKey: true });
const locked = { code: "key.locked", sentence: "The keychain is locked.", remedy: "Unlock it." };

describe("selecting", () => {
  it("takes rows with Ctrl and ranges with Shift, and a plain click ends it", async () => {
    await openWindow();
    expect(screen.queryByTestId("bulk-bar")).toBeNull();
    await ctrl("weather-agent");
    await fireEvent.click(rowOf("code-reviewer"), { metaKey: true });
    expect(selected()).toEqual(["weather-agent", "code-reviewer"]);
    expect(text("bulk-count")).toBe("2 selected");
    expect(screen.queryByTestId("agent-page"), "selecting opens nothing").toBeNull();
    await fireEvent.click(rowOf("mail-sorter"), { shiftKey: true });
    expect(selected()).toEqual(["code-reviewer", "docs-indexer", "mail-sorter"]);
    await ctrl("docs-indexer");
    expect(selected()).toEqual(["code-reviewer", "mail-sorter"]);
    await fireEvent.click(rowOf("standup-bot"));
    expect(selected()).toEqual([]);
    expect(screen.getByTestId("agent-page")).toBeTruthy();
  });

  it("goes by keyboard: Space, Shift, all, and Escape", async () => {
    await openWindow();
    rowOf("release-notes").focus();
    await press(" ");
    expect(selected()).toEqual(["release-notes"]);
    await press("ArrowDown", { shiftKey: true });
    await focusOn("weather-agent");
    await press("J", { shiftKey: true });
    await focusOn("invoice-triage");
    expect(selected()).toEqual(["release-notes", "weather-agent", "invoice-triage"]);
    await press("ArrowUp", { shiftKey: true });
    await focusOn("weather-agent");
    expect(selected()).toEqual(["release-notes", "weather-agent"]);
    await press("a", { ctrlKey: true });
    expect(selected()).toHaveLength(12);
    await press("Escape");
    expect(selected()).toEqual([]);
    await focusOn("weather-agent");
  });

  it("says that it can be, and is accessible", async () => {
    await openWindow();
    expect(screen.getByRole("grid").getAttribute("aria-multiselectable")).toBe("true");
    expect(rowOf("weather-agent").getAttribute("aria-selected")).toBe("false");
    await ctrl("weather-agent");
    await expectAccessible();
  });

  it("never keeps what the table does not show any more", async () => {
    await openWindow();
    await ctrl("weather-agent");
    await ctrl("code-reviewer");
    await fireEvent.click(screen.getByTestId("chip-stale"));
    expect(text("bulk-count")).toBe("1 selected");
    await fireEvent.click(screen.getByTestId("chip-all"));
    expect(selected()).toEqual(["weather-agent"]);
  });

  it("takes a whole group with Space on its line", async () => {
    await openWindow();
    await fireEvent.change(screen.getByTestId("group-by"), { target: { value: "state" } });
    const group = screen.getAllByTestId("group").find((each) => each.textContent?.includes("active"));
    group?.focus();
    await press(" ");
    expect(selected()).toHaveLength(7);
    await press(" ");
    expect(selected()).toHaveLength(0);
  });

  it("takes all of 10,000", async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => healthyRow(n, `agent-${n}`, Date.now(), 0));
    await openWindow(new FixtureHost(many));
    rowOf("agent-0").focus();
    await press("a", { ctrlKey: true });
    expect(text("bulk-count")).toBe("10,000 selected");
  });
});

describe("bulk actions", () => {
  it("pause those that are not, and resume those that are", async () => {
    const host = await openWindow();
    await ctrl("code-reviewer");
    await ctrl("mail-sorter");
    await ctrl("nightly-eval");
    expect(text("bulk-pause")).toBe("Pause 2");
    expect(text("bulk-resume")).toBe("Resume 1");
    await fireEvent.click(screen.getByTestId("bulk-pause"));
    await waitFor(() => expect(text("bulk-sum")).toBe("2 paused"));
    expect([...host.rows.values()].filter((row) => row.paused)).toHaveLength(3);
    await waitFor(() => expect(text("bulk-resume")).toBe("Resume"));
    expect(screen.getByTestId<HTMLButtonElement>("bulk-pause").disabled).toBe(true);
    await fireEvent.click(screen.getByTestId("bulk-close"));
    expect(screen.queryByTestId("bulk-sum")).toBeNull();
  });

  it("say agent by agent what failed, and try only that again", async () => {
    const host = await openWindow();
    const restart = vi.spyOn(host, "agentRestart");
    const bad = rowOf("mail-sorter").dataset.id;
    restart.mockImplementation((id) => (id === bad ? Promise.reject(locked) : Promise.resolve()));
    await ctrl("code-reviewer");
    await ctrl("mail-sorter");
    await ctrl("calendar-sync-svc");
    expect(text("bulk-restart"), "who beats itself is not restarted").toBe("Restart 2");
    await fireEvent.click(screen.getByTestId("bulk-restart"));
    await waitFor(() => expect(text("bulk-sum")).toBe("1 restarted, 1 failed"));
    expect(text("bulk-list")).toContain("mail-sorter failed The keychain is locked. Unlock it.");
    expect(text("bulk-list")).toContain("code-reviewer done");
    await expectAccessible();
    restart.mockClear();
    restart.mockResolvedValue();
    await fireEvent.click(screen.getByTestId("bulk-again"));
    await waitFor(() => expect(text("bulk-sum")).toBe("2 restarted"));
    expect(restart.mock.calls).toEqual([[bad]]);
  });

  it("show how far they are", async () => {
    const host = await openWindow();
    let finish = (): void => undefined;
    host.agentRestart = () => new Promise((resolve) => (finish = resolve));
    await ctrl("code-reviewer");
    await fireEvent.click(screen.getByTestId("bulk-restart"));
    await waitFor(() => expect(text("bulk-sum")).toBe("Restarting 0 of 1"));
    expect(text("bulk-list")).toContain("code-reviewer under way");
    finish();
    await waitFor(() => expect(text("bulk-sum")).toBe("1 restarted"));
    await press("Escape");
    expect(screen.queryByTestId("bulk-sum"), "the outcome goes first").toBeNull();
    expect(selected()).toEqual(["code-reviewer"]);
    await press("Escape");
    expect(selected()).toEqual([]);
  });
});

describe("the keys r and s", () => {
  it("restart and snooze the row with the focus", async () => {
    const host = await openWindow();
    const restart = vi.spyOn(host, "agentRestart");
    const id = rowOf("standup-bot").dataset.id;
    rowOf("standup-bot").focus();
    await press("r");
    await waitFor(() => expect(text("bulk-sum")).toBe("1 restarted"));
    expect(restart.mock.calls).toEqual([[id]]);
    await press("s");
    await waitFor(() => expect(text("bulk-sum")).toBe("1 snoozed for 1 h"));
    const until = host.rows.get(id ?? "")?.snoozed_until ?? 0;
    expect(until - Date.now()).toBeGreaterThan(59 * 60_000);
    await waitFor(() => expect(rowOf("standup-bot").querySelector(".snoozed")).toBeTruthy());
    await press("s");
    await waitFor(() => expect(text("bulk-sum")).toBe("1 no longer snoozed"));
    expect(host.rows.get(id ?? "")?.snoozed_until).toBeNull();
  });

  it("restart and snooze the selection, those of it that can be", async () => {
    const host = await openWindow();
    const [restart, snooze] = [vi.spyOn(host, "agentRestart"), vi.spyOn(host, "agentSnooze")];
    const ids = ["code-reviewer", "docs-indexer", "nightly-eval"].map((name) => rowOf(name).dataset.id);
    await ctrl("code-reviewer");
    await ctrl("docs-indexer");
    await ctrl("nightly-eval");
    expect(text("bulk-restart")).toBe("Restart 2");
    expect(text("bulk-snooze")).toBe("Snooze 1 h 2");
    expect(text("bulk-wake")).toBe("End snooze 1");
    rowOf("mail-sorter").focus();
    await press("r");
    await waitFor(() => expect(text("bulk-sum")).toBe("2 restarted"));
    expect(restart.mock.calls).toEqual([[ids[0]], [ids[1]]]);
    await press("s");
    await waitFor(() => expect(text("bulk-sum")).toBe("2 snoozed for 1 h"));
    expect(snooze.mock.calls).toEqual([[ids[0]], [ids[2]]]);
    await waitFor(() => expect(text("bulk-wake")).toBe("End snooze"));
    await expectAccessible();
  });
});

describe("removing many", () => {
  const ask = async () => {
    const host = await openWindow();
    await ctrl("code-reviewer");
    await ctrl("mail-sorter");
    await fireEvent.click(screen.getByTestId("bulk-remove"));
    return host;
  };
  const type = (value: string) =>
    fireEvent.input(screen.getByTestId("remove-many-typed"), { target: { value } });
  const submit = () => screen.getByTestId<HTMLButtonElement>("remove-many-submit");

  it.each(["2", "remove", " Remove "])("lists the names and wants %j typed", async (word) => {
    const host = await ask();
    const remove = vi.spyOn(host, "agentRemove");
    expect(text("remove-names")).toMatch(/code-reviewer zns:\S+ ?mail-sorter zns:/);
    for (const wrong of ["", "1", "rem"]) {
      await type(wrong);
      expect(submit().disabled).toBe(true);
    }
    await type(word);
    await expectAccessible();
    const ids = ["code-reviewer", "mail-sorter"].map((name) => rowOf(name).dataset.id);
    await fireEvent.click(submit());
    await waitFor(() => expect(screen.queryByTestId("remove-many")).toBeNull());
    expect(remove.mock.calls).toEqual([
      [ids[0], "code-reviewer", false],
      [ids[1], "mail-sorter", false],
    ]);
    await waitFor(() => expect(names()).toHaveLength(10));
    expect(screen.queryByTestId("bulk-bar")).toBeNull();
  });

  it("deletes keys only when that is ticked", async () => {
    const host = await ask();
    const remove = vi.spyOn(host, "agentRemove");
    await fireEvent.click(screen.getByTestId("remove-many-keys"));
    expect(text("remove-many-submit")).toBe("Remove agents and keys");
    await type("2");
    await fireEvent.click(submit());
    await waitFor(() => expect(remove.mock.calls.map((call: unknown[]) => call[2])).toEqual([true, true]));
  });

  it("stays open with what failed", async () => {
    const host = await ask();
    const real = host.agentRemove.bind(host);
    host.agentRemove = (id, name) => (name === "mail-sorter" ? Promise.reject(locked) : real(id, name));
    await type("2");
    await fireEvent.click(submit());
    await waitFor(() => expect(text("bulk-sum")).toBe("1 removed, 1 failed"));
    expect(text("bulk-list")).toContain("mail-sorter failed The keychain is locked. Unlock it.");
    host.agentRemove = real;
    await fireEvent.click(submit());
    await waitFor(() => expect(screen.queryByTestId("remove-many")).toBeNull());
  });

  it("leaves nobody nowhere, neither while it works nor when rows are gone", async () => {
    const host = await ask();
    let go = (): void => undefined;
    const real = host.agentRemove.bind(host);
    host.agentRemove = (id, name) =>
      name === "mail-sorter"
        ? new Promise<void>((resolve) => (go = resolve)).then(() => Promise.reject(locked))
        : real(id, name);
    await type("2");
    screen.getByTestId("remove-many-typed").focus();
    await fireEvent.submit(submit().closest("form") as HTMLFormElement);
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("bulk-sum")));
    expect([submit().disabled, submit().getAttribute("aria-disabled")]).toEqual([false, "true"]);
    submit().focus();
    go();
    await waitFor(() => expect(text("bulk-sum")).toBe("1 removed, 1 failed"));
    expect(document.activeElement).toBe(submit());
    host.agentRemove = real;
    await fireEvent.click(submit());
    await waitFor(() => expect(names()).toHaveLength(10));
    await waitFor(() => expect(document.activeElement?.getAttribute("role")).toBe("row"));
  });

  it("leaves the keyboard to the row in the place of the one that goes", async () => {
    await openWindow();
    const at = names().indexOf("standup-bot");
    const next = names()[at + 1] ?? names()[at - 1] ?? "";
    rowOf("standup-bot").focus();
    await press("Delete");
    await type("standup-bot");
    await fireEvent.submit(submit().closest("form") as HTMLFormElement);
    await waitFor(() => expect(names()).not.toContain("standup-bot"));
    await focusOn(next);
  });

  it("asks about the row with the focus when nothing is selected", async () => {
    await openWindow();
    rowOf("standup-bot").focus();
    await press("Delete");
    expect(screen.getByRole("dialog").textContent).toContain("Remove standup-bot");
    await press("Escape");
    expect(screen.queryByTestId("remove-many")).toBeNull();
    expect(names()).toHaveLength(12);
  });
});

describe("a run", () => {
  it("does a few at once, and leaves the rest when it is stopped", async () => {
    const host = new FixtureHost();
    const open: (() => void)[] = [];
    host.agentRestart = () => new Promise((resolve) => open.push(resolve));
    const run = new Run(host, "restart", demoRows(Date.now()));
    const ended = run.start();
    expect(open).toHaveLength(4);
    run.stop();
    open.forEach((finish) => finish());
    await ended;
    expect([run.done, run.failed, run.left, run.going]).toEqual([4, 0, 8, false]);
  });
});
