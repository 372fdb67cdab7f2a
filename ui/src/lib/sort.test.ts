import { describe, expect, it } from "vitest";

import type { AgentRow } from "../host/bindings/AgentRow";
import { healthyRow } from "../host/fixture/rows";
import { compareRows } from "./order";
import { comparator, type Sort } from "./sort";

const NOW = 1_800_000_000_000;
const row = (name: string, change: Partial<AgentRow>): AgentRow => ({
  ...healthyRow(1, name, NOW, 0),
  id: name,
  ...change,
});
const sorted = (rows: AgentRow[], sort: Sort | null) =>
  [...rows].sort(comparator(sort)).map((each) => each.name);

describe("comparator", () => {
  const rows = [
    row("b", { round_trip_ms: 40 }),
    row("none", { round_trip_ms: null }),
    row("c", { round_trip_ms: 7 }),
    row("a", { round_trip_ms: 40 }),
  ];

  it("is what needs you first when nothing was asked", () => {
    expect(comparator(null)).toBe(compareRows);
  });

  it("turns around, with equals in the usual order and dashes last both ways", () => {
    expect(sorted(rows, { by: "trip", descending: false })).toEqual(["c", "a", "b", "none"]);
    expect(sorted(rows, { by: "trip", descending: true })).toEqual(["a", "b", "c", "none"]);
  });

  it("sorts names as people do", () => {
    const names = [row("agent-10", {}), row("Agent-9", {}), row("agent-1", {})];
    expect(sorted(names, { by: "name", descending: true })).toEqual(["agent-10", "Agent-9", "agent-1"]);
  });

  it("puts bad verdicts first, and never-beaten agents last by their beat", () => {
    const verdict = (severity: "good" | "bad") => ({ code: "x", severity, sentence: "x", remedy: "" });
    expect(
      sorted([row("fine", { verdict: verdict("good") }), row("ill", { verdict: verdict("bad") })], {
        by: "verdict",
        descending: false,
      }),
    ).toEqual(["ill", "fine"]);
    expect(
      sorted([row("new", { liveness: "inactive" }), row("old", {})], { by: "beat", descending: false }),
    ).toEqual(["old", "new"]);
  });
});
