import type { AgentRow } from "../host/bindings/AgentRow";
import type { FleetDelta } from "../host/bindings/FleetDelta";

/**
 * Folds a delta into the rows, and says which ids are new, gone, or changed in a way that matters to the caller: most
 * deltas are beats, which change a row and not its place.
 */
export function fold(
  rows: Map<string, AgentRow>,
  delta: FleetDelta,
  matters: (before: AgentRow, after: AgentRow) => boolean = () => true,
): Set<string> {
  const touched = new Set<string>();
  if (delta.full) {
    const present = new Set(delta.rows.map((row) => row.id));
    for (const id of rows.keys()) if (!present.has(id)) remove(id);
  }
  for (const id of delta.removed) remove(id);
  for (const row of delta.rows) {
    const before = rows.get(row.id);
    rows.set(row.id, row);
    if (before === undefined || matters(before, row)) touched.add(row.id);
  }
  return touched;

  function remove(id: string): void {
    if (rows.delete(id)) touched.add(id);
  }
}
