import { describe, expect, it } from "vitest";

import type { AgentRow } from "../host/bindings/AgentRow";
import type { Liveness } from "../host/bindings/Liveness";
import { healthyRow } from "../host/fixture/rows";
import { compareRows, hold, reorder, sameOrder } from "./order";
import { random } from "./random.test-help";

const NOW = 1_800_000_000_000;

function row(name: string, liveness: Liveness, change: Partial<AgentRow> = {}): AgentRow {
  const missing = liveness === "late" || liveness === "stale" || liveness === "offline";
  return { ...healthyRow(1, name, NOW, 0), id: name, name, liveness, needs_attention: missing, ...change };
}

const names = (rows: AgentRow[]) => [...rows].sort(compareRows).map((each) => each.name);

describe("compareRows", () => {
  it("puts what needs you first, by how bad it is", () => {
    const rows = [
      row("ok", "active"),
      row("paused", "stopped", { paused: true }),
      row("late", "late"),
      row("never", "inactive"),
      row("dead", "offline"),
      row("known", "offline", { needs_attention: false }),
      row("ignored", "active", { verdict: { code: "x", severity: "bad", sentence: "", remedy: "" } }),
      row("stale", "stale"),
    ];
    expect(names(rows)).toEqual(["dead", "stale", "late", "ignored", "ok", "known", "never", "paused"]);
  });

  it("orders missing beats by what flips next", () => {
    const rows = [
      row("a", "late", { flips_at: 30 }),
      row("b", "late", { flips_at: 10 }),
      row("c", "late", { flips_at: null }),
    ];
    expect(names(rows)).toEqual(["b", "a", "c"]);
  });

  it("leaves agents that beat where they are when their deadline moves", () => {
    const rows = [row("a", "active", { flips_at: 900 }), row("b", "active", { flips_at: 10 })];
    expect(names(rows)).toEqual(["a", "b"]);
  });

  it("sorts agent-10 after agent-9, and equal names by id", () => {
    expect(names([row("agent-10", "active"), row("agent-9", "active")])).toEqual(["agent-9", "agent-10"]);
    const twins = [row("x", "active", { id: "2" }), row("x", "active", { id: "1" })];
    expect(twins.sort(compareRows).map((each) => each.id)).toEqual(["1", "2"]);
  });
});

describe("reorder", () => {
  it("is the same as sorting everything anew, whatever changes", () => {
    for (let seed = 1; seed <= 200; seed += 1) {
      const next = random(seed);
      const states: Liveness[] = ["active", "late", "stale", "offline", "inactive", "stopped", "unknown"];
      const rows = new Map<string, AgentRow>();
      let order: string[] = [];
      for (let step = 0; step < 6; step += 1) {
        const changed = new Set<string>();
        for (let change = next(12); change > 0; change -= 1) {
          const id = `agent-${next(25)}`;
          changed.add(id);
          if (next(5) === 0) rows.delete(id);
          else rows.set(id, row(id, states[next(states.length)] ?? "active", { flips_at: next(6) }));
        }
        order = reorder(order, rows, changed);
        const sorted = [...rows.values()].sort(compareRows).map((each) => each.id);
        expect(order, `seed ${seed}, step ${step}`).toEqual(sorted);
      }
    }
  });
});

describe("hold", () => {
  it("keeps the order on the screen, closes gaps, and adds what is new at the end", () => {
    const exists = (id: string) => id !== "b";
    expect(hold(["c", "b", "a"], ["a", "new", "c"], exists)).toEqual(["c", "a", "new"]);
  });

  it("keeps a row that the filter would now drop, since it is under the pointer", () => {
    expect(hold(["a", "b"], ["b"], () => true)).toEqual(["a", "b"]);
  });
});

it("sameOrder sees length and place", () => {
  expect(sameOrder(["a", "b"], ["a", "b"])).toBe(true);
  expect(sameOrder(["a", "b"], ["b", "a"])).toBe(false);
  expect(sameOrder(["a"], ["a", "b"])).toBe(false);
});
