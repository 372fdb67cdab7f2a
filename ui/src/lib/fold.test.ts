import { describe, expect, it } from "vitest";

import type { AgentRow } from "../host/bindings/AgentRow";
import { FixtureHost } from "../host/fixture";
import { healthyRow } from "../host/fixture/rows";
import { fold } from "./fold";
import { random } from "./random.test-help";

const NOW = 1_800_000_000_000;

describe("fold", () => {
  it("leads by deltas to the same rows as a snapshot, whenever they are pulled", async () => {
    for (let seed = 1; seed <= 100; seed += 1) {
      const next = random(seed);
      const host = new FixtureHost([], () => NOW);
      const rows = new Map<string, AgentRow>();
      let revision = 0;
      for (let step = 0; step < 40; step += 1) {
        const made = healthyRow(next(12), `agent-${next(100)}`, NOW, next(30_000));
        if (next(4) === 0) host.drop(made.id);
        else host.put(made);
        if (next(3) !== 0) continue;
        const delta = await host.fleetDelta(revision);
        fold(rows, delta);
        revision = delta.revision;
      }
      fold(rows, await host.fleetDelta(revision));
      const snapshot = new Map<string, AgentRow>();
      fold(snapshot, await host.fleetDelta(0));
      expect(new Map([...rows].sort()), `seed ${seed}`).toEqual(new Map([...snapshot].sort()));
    }
  });

  it("drops what a full delta does not name", async () => {
    const gone = healthyRow(1, "gone", NOW, 0);
    const kept = healthyRow(2, "kept", NOW, 0);
    const rows = new Map([[gone.id, gone]]);
    const touched = fold(rows, await new FixtureHost([kept], () => NOW).fleetDelta(0));
    expect([...rows.keys()]).toEqual([kept.id]);
    expect(touched).toEqual(new Set([gone.id, kept.id]));
  });

  it("names only the changes that matter to the caller, and takes over all of them", async () => {
    const [a, b] = [healthyRow(1, "a", NOW, 0), healthyRow(2, "b", NOW, 0)];
    const host = new FixtureHost([a, b], () => NOW);
    const rows = new Map<string, AgentRow>([[a.id, a]]);
    const changed = { ...a, round_trip_ms: 99 };
    host.put(changed);
    expect(fold(rows, await host.fleetDelta(0), (x, y) => x.name !== y.name)).toEqual(new Set([b.id]));
    expect(rows.get(a.id)).toBe(changed);
  });

  it("keeps the very objects of rows that did not change", async () => {
    const [a, b] = [healthyRow(1, "a", NOW, 0), healthyRow(2, "b", NOW, 0)];
    const host = new FixtureHost([a, b], () => NOW);
    const rows = new Map<string, AgentRow>();
    const { revision } = await host.fleetDelta(0).then((delta) => (fold(rows, delta), delta));
    host.put({ ...b, name: "renamed" });
    expect(fold(rows, await host.fleetDelta(revision))).toEqual(new Set([b.id]));
    expect(rows.get(a.id)).toBe(a);
  });
});
