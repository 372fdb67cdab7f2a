import type { AgentRow } from "../host/bindings/AgentRow";
import type { FleetDelta } from "../host/bindings/FleetDelta";

/** Folds a delta into the rows, and says which ids are new, changed or gone. */
export function fold(rows: Map<string, AgentRow>, delta: FleetDelta): Set<string> {
  const touched = new Set<string>();
  if (delta.full) {
    const present = new Set(delta.rows.map((row) => row.id));
    for (const id of rows.keys()) if (!present.has(id)) remove(id);
  }
  for (const id of delta.removed) remove(id);
  for (const row of delta.rows) {
    rows.set(row.id, row);
    touched.add(row.id);
  }
  return touched;

  function remove(id: string): void {
    if (rows.delete(id)) touched.add(id);
  }
}
