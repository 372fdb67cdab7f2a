import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { announce, expectAccessible, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { localRows } from "../host/fixture/runs";
import type { SigningEntry } from "../host/host";

const words = (testid: string) => screen.getByTestId(testid).textContent?.replace(/\s+/g, " ").trim();
const entries = () =>
  screen
    .getAllByTestId("signer-entry")
    .map((row) =>
      [...row.querySelectorAll("td")].slice(1).map((cell) => cell.textContent?.replace(/\s+/g, " ").trim()),
    );
const entry = (at: number, more: Partial<SigningEntry> = {}): SigningEntry => ({
  at,
  outcome: "signed",
  refusal: null,
  kind: "timestamp",
  pid: 43_999,
  count: 1,
  first_at: null,
  ...more,
});
const REFUSED: Partial<SigningEntry> = {
  outcome: "signer.not_of_the_run",
  refusal: "Only the agent's own processes get signatures here",
  kind: null,
  pid: 51_207,
};

async function openProcess(name: string, prepare: (host: FixtureHost, id: string) => void = () => undefined) {
  const host = new FixtureHost(localRows(Date.now()));
  const id = [...host.rows.values()].find((row) => row.name === name)?.id ?? "";
  prepare(host, id);
  const asked = vi.spyOn(host, "signerAudit");
  await openWindow(host);
  await fireEvent.click(rowOf(name));
  await fireEvent.click(screen.getByTestId("tab-process"));
  await screen.findByTestId("process-panel");
  return { host, id, asked };
}

describe("what was signed for an agent that does not hold its key", () => {
  it("is listed with what was refused and why, and where it asks is said", async () => {
    const now = Date.now();
    await openProcess("mail-sorter", (host, id) =>
      host.audits.set(id, {
        address: "/run/beatkeeper/a.sign",
        entries: [
          entry(now, { kind: "id_and_seconds" }),
          entry(now - 1, { ...REFUSED, count: 7, first_at: now - 60_000 }),
          entry(now - 2, { pid: null }),
        ],
      }),
    );
    await screen.findByTestId("signer-table");
    expect(entries()).toEqual([
      ["signed", "a beat: its id and seconds", "43999main"],
      ["refused Only the agent's own processes get signatures here 7 times", "—", "51207"],
      ["signed", "a beat: the time", "—"],
    ]);
    expect(words("signer-sum")).toBe("2 signed, 7 refused");
    expect(words("signer-where")).toContain("It asks at /run/beatkeeper/a.sign, which");
    await expectAccessible();
  });

  it("is asked for once for each change of the fleet, at most once a second", async () => {
    const { host, id, asked } = await openProcess("mail-sorter", (stage, of) =>
      stage.audits.set(of, { address: "a", entries: [] }),
    );
    expect((await screen.findByTestId("signer-none")).textContent).toContain("no signature");
    expect(screen.queryByTestId("signer-table")).toBeNull();
    expect(asked).toHaveBeenCalledTimes(1);
    host.audits.set(id, { address: "a", entries: [entry(Date.now(), REFUSED)] });
    for (let change = 0; change < 5; change += 1)
      await announce(host, () => host.rows.forEach((row) => host.put(row)));
    await waitFor(() => expect(entries()).toHaveLength(1), { timeout: 3_000 });
    expect(asked).toHaveBeenCalledTimes(2);
  });

  it("is shown from the latest on, and in full when that is asked for", async () => {
    const now = Date.now();
    const many = Array.from({ length: 200 }, (_, n) => entry(now - n * 1_000));
    await openProcess("mail-sorter", (host, id) => host.audits.set(id, { address: "a", entries: many }));
    await waitFor(() => expect(entries()).toHaveLength(12));
    await fireEvent.click(screen.getByTestId("signer-all"));
    expect(entries()).toHaveLength(200);
    expect(screen.queryByTestId("signer-all")).toBeNull();
  });

  it("is nothing for one that holds its key, and is not asked for", async () => {
    const { asked } = await openProcess("weather-agent");
    expect(screen.queryByTestId("signer")).toBeNull();
    expect(asked).not.toHaveBeenCalled();
  });

  it("says why it cannot be read", async () => {
    await openProcess("mail-sorter", (host) => {
      host.signerAudit = () => Promise.reject({ code: "x", sentence: "The engine is gone.", remedy: "" });
    });
    expect((await screen.findByTestId("signer-error")).textContent?.trim()).toBe("The engine is gone.");
  });
});
