import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../app.test-help";
import type { IncidentView } from "../host/bindings/IncidentView";
import { FixtureHost } from "../host/fixture";
import { pageOf } from "../host/fixture/incidents";
import { demoRows } from "../host/fixture/rows";
import { alertsHost, idOf, openAlerts, said, type } from "./alerts.test-help";
import { keyOf, readIncidents } from "./read";

const lines = () => screen.queryAllByTestId("incident-line");
const lineOf = (name: string) => {
  const found = lines().find((line) => line.querySelector(".name")?.textContent === name);
  if (!found) throw new Error(`no incident of ${name}`);
  return found;
};
const button = (name: string, testid: string) => within(lineOf(name)).getByTestId(testid);
const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });

describe("the incidents", () => {
  it("have the open ones first, then the newest, and say everything of them", async () => {
    await openAlerts("incidents", alertsHost(4));
    expect(said("incident-counts")).toBe("3 open, 3 not acknowledged");
    const open = lines().slice(0, 3);
    expect(open.map((line) => line.querySelector(".name")?.textContent)).toEqual([
      "weather-agent",
      "invoice-triage",
      "release-notes",
    ]);
    expect(
      lines()
        .slice(3)
        .every((line) => line.classList.contains("over")),
    ).toBe(true);
    expect(said(lineOf("weather-agent"))).toMatch(
      /for 1 min.* the clock is 74 s ahead ?Whose fault: clock ?told /,
    );
    expect(said(lineOf("invoice-triage"))).toContain("flapping");
    await expectAccessible();
  });

  it("say what became of telling, and try again what was given up", async () => {
    const host = await openAlerts("incidents");
    const retry = vi.spyOn(host, "deliveryRetry");
    const deliveries = within(lineOf("weather-agent")).getAllByTestId("delivery");
    expect(deliveries.map((each) => each.dataset.state)).toEqual(["delivered", "dead"]);
    expect(said(deliveries[1] as Element)).toBe(
      "team not delivered, tried 8 times: hooks.example answered 503 Service Unavailable. Retry",
    );
    await fireEvent.click(button("weather-agent", "delivery-retry"));
    const notice = host.rows.get(idOf(host, "weather-agent"))?.incident?.told_at;
    expect(retry).toHaveBeenCalledWith(notice, "team");
    await waitFor(() => expect(within(lineOf("weather-agent")).queryByTestId("delivery-retry")).toBeNull());
  });

  it("say why telling cannot be tried again", async () => {
    const host = alertsHost();
    host.list = host.list.filter(({ name }) => name !== "team");
    await openAlerts("incidents", host);
    const line = within(lineOf("weather-agent"));
    expect(line.queryByTestId("delivery-retry")).toBeNull();
    expect(said(line.getByTestId("delivery-no-retry"))).toBe(
      'There is no channel "team" any more. Add one of this name to have it tried again.',
    );
  });

  it("are acknowledged, snoozed and opened, and their agents restarted", async () => {
    const host = await openAlerts("incidents");
    const id = idOf(host, "weather-agent");
    const restart = vi.spyOn(host, "agentRestart");
    await fireEvent.click(button("weather-agent", "incident-acknowledge"));
    await waitFor(() => expect(said(lineOf("weather-agent"))).toContain("acknowledged"));
    expect(lineOf("weather-agent").querySelector(".shape")?.classList.contains("hollow")).toBe(true);
    expect(button("weather-agent", "incident-acknowledge").textContent).toBe("Unacknowledge");
    await fireEvent.click(button("weather-agent", "incident-snooze"));
    await waitFor(() => expect(said(lineOf("weather-agent"))).toContain("snoozed"));
    await fireEvent.click(button("weather-agent", "incident-restart"));
    await waitFor(() => expect(restart).toHaveBeenCalledWith(id));
    await waitFor(() =>
      expect(button("weather-agent", "incident-open").getAttribute("aria-disabled")).toBe("false"),
    );
    await fireEvent.click(button("weather-agent", "incident-open"));
    await waitFor(() => expect(screen.getByTestId("agent-page").dataset.id).toBe(id));
  });

  it("say why something could not be done", async () => {
    const host = await openAlerts("incidents");
    host.agentAcknowledge = () =>
      Promise.reject({ code: "x", sentence: "It is over already.", remedy: "Look again." });
    await fireEvent.click(button("weather-agent", "incident-acknowledge"));
    await waitFor(() => expect(said("incidents-error")).toBe("It is over already. Look again."));
  });

  it("are walked and worked on with keys", async () => {
    const host = await openAlerts("incidents");
    const acknowledge = vi.spyOn(host, "agentAcknowledge");
    const focused = () => (document.activeElement as HTMLElement).dataset.agent;
    await press("j");
    await waitFor(() => expect(focused()).toBe(idOf(host, "weather-agent")));
    await press("j");
    await waitFor(() => expect(focused()).toBe(idOf(host, "invoice-triage")));
    await press("k");
    await waitFor(() => expect(focused()).toBe(idOf(host, "weather-agent")));
    expect(document.querySelectorAll("[data-testid=incident-line][tabindex='0']")).toHaveLength(1);
    await press("e");
    expect(acknowledge).toHaveBeenCalledWith(idOf(host, "weather-agent"), undefined);
    await waitFor(() => expect(said(lineOf("weather-agent"))).toContain("acknowledged"));
    await press("b");
    await waitFor(() => expect(screen.getByTestId("black-box")).toBeTruthy());
    await fireEvent.keyDown(screen.getByTestId("black-box"), { key: "Escape" });
    await waitFor(() => expect(screen.queryByTestId("black-box")).toBeNull());
    expect(focused()).toBe(idOf(host, "weather-agent"));
    await press("/");
    expect(document.activeElement).toBe(screen.getByTestId("incident-search"));
    lineOf("weather-agent").focus();
    await press("Enter");
    await waitFor(() => expect(screen.getByTestId("agent-page")).toBeTruthy());
  });

  it("can be only the open ones, or an agent's", async () => {
    const host = await openAlerts("incidents");
    const asked = vi.spyOn(host, "incidents");
    await fireEvent.click(screen.getByTestId("incidents-open"));
    await waitFor(() => expect(lines()).toHaveLength(3));
    await fireEvent.click(screen.getByTestId("incidents-all"));
    await type("incident-search", "weather");
    await waitFor(() =>
      expect(asked).toHaveBeenLastCalledWith(
        expect.objectContaining({ id: idOf(host, "weather-agent"), open_only: false }),
      ),
    );
    await waitFor(() => expect(new Set(lines().map((line) => line.dataset.agent)).size).toBe(1));
    await type("incident-search", "nobody-of-that-name");
    await waitFor(() => expect(said("incidents-none")).toBe("No incident of such an agent is here."));
  });

  it("show older ones when they are asked to", async () => {
    const now = Date.now();
    const rows = [0, 1, 2, 3].flatMap((n) =>
      demoRows(now).map((row) => ({ ...row, id: `${row.id.slice(0, -1)}${n}`, name: `${row.name}-${n}` })),
    );
    await openAlerts("incidents", new FixtureHost(rows));
    const before = lines().length;
    await fireEvent.click(screen.getByTestId("incidents-more"));
    await waitFor(() => expect(lines().length).toBeGreaterThan(before));
    const keys = lines().map((line) => `${line.dataset.agent} ${line.querySelector("time")?.dateTime}`);
    expect(new Set(keys).size, "none is there twice").toBe(keys.length);
  });

  it("say that there is none, and why they cannot be read", async () => {
    const host = await openAlerts("incidents", new FixtureHost());
    expect(said("incidents-none")).toBe("Nothing has gone wrong so far.");
    host.incidents = () =>
      Promise.reject({ code: "store", sentence: "The history cannot be read.", remedy: "Free some space." });
    await fireEvent.click(screen.getByTestId("incidents-open"));
    await waitFor(() => expect(said("incidents-error")).toBe("The history cannot be read. Free some space."));
  });
});

describe("readIncidents", () => {
  it("has each incident once however many began in one moment, and asks for no page twice", async () => {
    const [first] = await alertsHost().incidents({ id: null, open_only: false, limit: 1, before: null });
    const at = (opened: number, n: number): IncidentView => {
      const { incident, ...rest } = first as IncidentView;
      const agent = `zns:${String(n).padStart(3, "0")}`;
      return {
        ...rest,
        incident: { ...incident, agent, opened_at: opened, resolved_at: opened + 1 },
        cursor: `${opened}/${agent}`,
      };
    };
    const all = [...Array.from({ length: 120 }, (_, n) => at(1_000, n)), at(900, 500), at(800, 501)];
    const host = alertsHost();
    const asked: (string | null)[] = [];
    host.incidents = async ({ open_only, limit, before }) => {
      if (open_only) return [];
      asked.push(before);
      return pageOf(all, limit, before);
    };
    const pages = async (pages: number) => {
      const { incidents, more } = await readIncidents(host, { agent: null, openOnly: false, pages });
      return [new Set(incidents.map(keyOf)).size, more];
    };
    expect(await pages(1)).toEqual([50, true]);
    expect(await pages(2)).toEqual([100, true]);
    asked.length = 0;
    expect(await pages(9)).toEqual([122, false]);
    expect(asked).toEqual([null, "1000/zns:049", "1000/zns:099"]);
  });
});

describe("a black box", () => {
  it("is shown, copied and saved", async () => {
    const host = await openAlerts("incidents", alertsHost(4));
    const save = vi.spyOn(host, "blackBoxSave");
    const written = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, platform: "", clipboard: { writeText: written } });
    await fireEvent.click(button("weather-agent", "incident-black-box"));
    await waitFor(() => expect(said("black-box-text")).toContain("clock.skew"));
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("copy"));
    expect(written).toHaveBeenCalledWith(screen.getByTestId("black-box-text").textContent);
    await fireEvent.click(screen.getByTestId("black-box-save"));
    await waitFor(() =>
      expect(said("black-box-saved")).toMatch(/^Saved as .+weather-agent-black-box-\d+\.md$/),
    );
    expect(save).toHaveBeenCalledTimes(1);
    vi.unstubAllGlobals();
  });

  it("shows what its process did and said, when that was started here", async () => {
    const host = alertsHost(4);
    const id = idOf(host, "weather-agent");
    const opened = host.rows.get(id)?.incident?.opened_at ?? 0;
    const box = await host.blackBox(id, opened);
    if (!box) throw new Error("no black box");
    host.blackBox = () => Promise.resolve({ ...box, run: null, output: null });
    await openAlerts("incidents", host);
    await fireEvent.click(button("weather-agent", "incident-black-box"));
    await waitFor(() => expect(screen.getByTestId("black-box-text")).toBeTruthy());
    expect(screen.queryByTestId("black-box-process")).toBeNull();
    expect(screen.queryByTestId("black-box-output")).toBeNull();
    await fireEvent.keyDown(screen.getByTestId("black-box"), { key: "Escape" });

    const line = { at: opened - 4_000, stream: "err" as const, text: "Traceback [redacted]" };
    host.blackBox = () =>
      Promise.resolve({
        ...box,
        run: {
          pid: null,
          started_at: opened - 60_000,
          reclaimed: true,
          restarts: 2,
          max_restarts: 5,
          next_start_at: null,
          exit: { code: null, signal: 9, at: opened - 3_000, sentence: "it ended by signal 9" },
          usage: {
            at: opened,
            cpu_permille: 31,
            memory_bytes: 92 << 20,
            threads: 12,
            open_files: 40,
            processes: 3,
          },
          probe: { at: opened, well: false, sentence: "it answers 500" },
          drift: "started 3 commits ago",
          ladder: {
            rungs: [{ kind: "restart", label: "restart", state: "failed" }],
            acts_at: null,
            held: true,
            sentence: "Nothing is left to try",
          },
        },
        output: { lines: [line], more: true, note: null },
      });
    await fireEvent.click(button("weather-agent", "incident-black-box"));
    await waitFor(() => expect(said("black-box-output")).toMatch(/err *Traceback \[redacted\]/));
    const process = said("black-box-process");
    for (const words of [
      "none: it did not run",
      "by an earlier run of Beatkeeper",
      "2 of 5 in a row",
      "it ended by signal 9",
      "it answers 500",
      "3 % · 92 MB · 12 threads · 40 files",
      "started 3 commits ago",
      "Nothing is left to try; held by a person",
      "restart: failed: no beat was confirmed after it",
    ])
      expect(process).toContain(words);
    await expectAccessible();
  });

  it("may not be there, or not be readable", async () => {
    const host = await openAlerts("incidents");
    host.blackBox = () => Promise.resolve(null);
    await fireEvent.click(button("weather-agent", "incident-black-box"));
    await waitFor(() => expect(screen.getByTestId("black-box-none")).toBeTruthy());
    await fireEvent.keyDown(screen.getByTestId("black-box"), { key: "Escape" });
    host.blackBox = () => Promise.reject({ code: "x", sentence: "It cannot be read.", remedy: "" });
    await fireEvent.click(button("weather-agent", "incident-black-box"));
    await waitFor(() => expect(said("black-box-error")).toBe("It cannot be read."));
  });
});
