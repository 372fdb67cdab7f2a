import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { announce, expectAccessible, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { localRows } from "../host/fixture/runs";
import type { AgentRow } from "../host/bindings/AgentRow";
import { SAMPLES, UsageSeen } from "./usage.svelte";
import { bytes, leftWords, percent } from "./words";

const open = () => openWindow(new FixtureHost(localRows(Date.now())));
const cell = (name: string) =>
  rowOf(name).querySelector("[data-testid=row-process]")?.textContent?.replace(/\s+/g, " ").trim();
const idOf = (name: string) => rowOf(name).dataset.id ?? "";

async function openProcess(name: string) {
  const host = await open();
  await fireEvent.click(rowOf(name));
  await fireEvent.click(screen.getByTestId("tab-process"));
  await waitFor(() => expect(screen.getByTestId("process-panel")).toBeTruthy());
  return host;
}

describe("the process in the table", () => {
  it("is a word, what it costs, and what comes next", async () => {
    await open();
    expect(cell("release-notes")).toBe("gave up");
    expect(cell("weather-agent")).toMatch(/^running \d+ % · \d+ MB$/);
    expect(cell("invoice-triage")).toMatch(/^restart 3 of 5, 1[0-2] s$/);
    expect(cell("docs-indexer")).toMatch(/^held back /);
    expect(cell("standup-bot")).toMatch(/^starting /);
    expect(cell("nightly-eval")).toBe("stopped");
    expect(cell("calendar-sync-svc")).toBe("not ours");
    await expectAccessible();
  });

  it("has a shape of its own for each state", async () => {
    await open();
    const names = [
      "release-notes",
      "weather-agent",
      "invoice-triage",
      "docs-indexer",
      "standup-bot",
      "nightly-eval",
    ];
    const shapes = names.map((name) =>
      rowOf(name).querySelector("[data-testid=row-process] path")?.getAttribute("d"),
    );
    expect(new Set(shapes).size).toBe(names.length);
  });

  it("is started with u, stopped with x and restarted with r", async () => {
    const host = await open();
    const [up, down, restart] = (["agentUp", "agentDown", "agentRestart"] as const).map((call) =>
      vi.spyOn(host, call),
    );
    const press = async (name: string, key: string) => {
      rowOf(name).focus();
      await fireEvent.keyDown(rowOf(name), { key });
    };
    const id = idOf("nightly-eval");
    await press("nightly-eval", "u");
    expect(up).toHaveBeenCalledWith([id]);
    await waitFor(() => expect(cell("nightly-eval")).toMatch(/^starting/));
    await press("nightly-eval", "x");
    expect(down).toHaveBeenCalledWith([id]);
    await waitFor(() => expect(cell("nightly-eval")).toBe("stopped"));
    await press("price-oracle-svc", "r");
    expect(restart).toHaveBeenCalledWith(idOf("price-oracle-svc"));
  });

  it("starts several at once, and says of one what was refused", async () => {
    const host = await open();
    const refusal = { code: "run.no_folder", sentence: "Its folder is gone.", remedy: "Choose another." };
    const refused = idOf("release-notes");
    vi.spyOn(host, "agentUp").mockImplementation(async ([id = ""]) => [
      { id, refusal: id === refused ? refusal : null },
    ]);
    for (const name of ["release-notes", "nightly-eval", "weather-agent"])
      await fireEvent.click(rowOf(name), { ctrlKey: true });
    expect(screen.getByTestId("bulk-start").textContent?.replace(/\s+/g, " ").trim()).toBe("Start 2");
    expect(screen.getByTestId("bulk-stop").textContent?.replace(/\s+/g, " ").trim()).toBe("Stop 1");
    await fireEvent.click(screen.getByTestId("bulk-start"));
    await waitFor(() => expect(screen.getByTestId("bulk-again")).toBeTruthy());
    expect(screen.getByTestId("bulk-bar").textContent).toContain("Its folder is gone.");
  });
});

describe("the process on an agent's page", () => {
  it("says all that is known of it", async () => {
    await openProcess("code-reviewer");
    const text = (id: string) => screen.getByTestId(`process-${id}`).textContent;
    expect(text("pid")).toMatch(/^42003, taken over/);
    expect(text("up")).toBe("1 d 2 h");
    expect(text("holds")).toMatch(/^\d+ threads · \d+ files · \d+ process(es)?$/);
    expect(text("cpu")).toMatch(/ %$/);
    expect(text("restarts")).toBe("0 of 5 in a row");
    expect(screen.getByTestId("beats-by").textContent).toBe("by Beatkeeper");
    await expectAccessible();
  });

  it("says who beats where either may", async () => {
    await openProcess("research-planner");
    expect(screen.getByTestId("beats-by").textContent).toContain("now the agent");
  });

  it("offers a restart where the code has changed", async () => {
    const host = await openProcess("code-reviewer");
    const restart = vi.spyOn(host, "agentRestart");
    expect(screen.getByTestId("process-drift").textContent).toContain("started 3 commits ago");
    await fireEvent.click(screen.getByTestId("drift-restart"));
    expect(restart).toHaveBeenCalledWith(idOf("code-reviewer"));
    await waitFor(() => expect(screen.queryByTestId("process-drift")).toBeNull());
  });

  it("has buttons for what can be done, with their keys", async () => {
    await openProcess("release-notes");
    const disabled = () =>
      ["start", "stop", "restart"].map(
        (what) => screen.getByTestId<HTMLButtonElement>(`process-${what}`).disabled,
      );
    expect(disabled()).toEqual([false, true, false]);
    expect(screen.getByTestId("process-exit").textContent).toContain("it ended with 1");
    screen.getByTestId("page-about").focus();
    await fireEvent.keyDown(screen.getByTestId("page-about"), { key: "u" });
    await waitFor(() => expect(disabled()).toEqual([true, false, false]));
    await fireEvent.keyDown(screen.getByTestId("page-about"), { key: "x" });
    await waitFor(() => expect(disabled()).toEqual([false, true, false]));
  });

  it("shows the rungs of its recovery, holds it, lets it go on and skips a rung", async () => {
    const host = await openProcess("docs-indexer");
    const rungs = () => screen.getAllByTestId("rung").map((rung) => rung.dataset.state);
    expect(rungs()).toEqual(["failed", "counting", "waiting"]);
    expect(screen.getByTestId("rung-left").textContent).toMatch(/^in 2\d s$/);
    expect(screen.getByTestId("ladder-sentence").textContent).toMatch(
      /^Next: docker restart docs-indexer; before: /,
    );
    await fireEvent.click(screen.getByTestId("ladder-hold"));
    await waitFor(() => expect(screen.getByTestId("ladder-hold").textContent).toBe("Let go"));
    expect(screen.queryByTestId("rung-left")).toBeNull();
    expect(screen.getByTestId("ladder-sentence").textContent).toBe(
      "Held by you before: docker restart docs-indexer",
    );
    await expectAccessible();
    await fireEvent.keyDown(screen.getByTestId("ladder-hold"), { key: "h" });
    await waitFor(() => expect(screen.getByTestId("ladder-hold").textContent).toBe("Hold"));
    await fireEvent.click(screen.getByTestId("ladder-skip"));
    await waitFor(() => expect(rungs()).toEqual(["failed", "skipped", "counting"]));
    const hold = screen.getByTestId<HTMLButtonElement>("ladder-hold");
    expect(hold.disabled).toBe(false);
    await fireEvent.click(screen.getByTestId("ladder-skip"));
    await waitFor(() => expect(rungs()).toEqual(["failed", "skipped", "skipped"]));
    expect(hold.disabled).toBe(true);
    const holds = vi.spyOn(host, "ladderHold");
    await fireEvent.keyDown(screen.getByTestId("page-about"), { key: "h" });
    expect(holds).not.toHaveBeenCalled();
  });

  it("offers to set it up where others run it", async () => {
    await openProcess("calendar-sync-svc");
    expect(screen.getByTestId("process-panel").textContent).toContain("It is not started here");
    await fireEvent.click(screen.getByTestId("process-setup"));
    await waitFor(() => expect(screen.getByTestId("launch-dialog")).toBeTruthy());
  });

  it("draws what it has cost, as far as it was seen", async () => {
    const host = await openProcess("weather-agent");
    const row = () => host.rows.get(idOf("weather-agent")) as AgentRow;
    const { run } = row().process;
    for (const cpu of [10, 40]) {
      const usage = run?.usage && { ...run.usage, cpu_percent: cpu, at: run.usage.at + cpu };
      await announce(host, () =>
        host.put({ ...row(), process: { ...row().process, run: run && { ...run, usage: usage ?? null } } }),
      );
    }
    await waitFor(() =>
      expect(screen.getAllByTestId("sparkline")[0]?.getAttribute("aria-label")).toBe(
        "CPU of late, 40 % at most",
      ),
    );
    expect(screen.getAllByTestId("sparkline")[0]?.querySelector("polyline")).toBeTruthy();
  });
});

it("what is kept of costs is bounded, and goes with its agent", () => {
  const seen = new UsageSeen();
  const [row] = localRows(0).filter(({ process }) => process.run?.usage);
  if (!row?.process.run?.usage) throw new Error("nothing runs");
  const { run } = row.process;
  for (let at = 0; at < SAMPLES * 2; at += 1) {
    const usage = { ...row.process.run.usage, at: Math.floor(at / 1.5) };
    seen.take({ rows: [{ ...row, process: { ...row.process, run: { ...run, usage } } }], removed: [] });
  }
  expect(seen.of(row.id)).toHaveLength(SAMPLES);
  expect(new Set(seen.of(row.id).map(({ at }) => at)).size).toBe(SAMPLES);
  seen.take({ rows: [], removed: [row.id] });
  expect(seen.of(row.id)).toEqual([]);
});

it("amounts are three digits at most", () => {
  expect([0, 999, 1_000, 1024 * 1024 - 1, 92_274_688, 1.25e9, 1_234_567].map(bytes)).toEqual([
    "0 B",
    "999 B",
    "1.0 KB",
    "1.0 MB",
    "88 MB",
    "1.2 GB",
    "1.2 MB",
  ]);
  expect([0, 0.42, 0.96, 2.6, 212.4].map(percent)).toEqual(["0 %", "0.4 %", "1 %", "3 %", "212 %"]);
  expect([leftWords(12_400, 1_000), leftWords(1_000, 1_000)]).toEqual(["12 s", "now"]);
});
