import type { AgentRow } from "../host/bindings/AgentRow";
import type { Liveness } from "../host/bindings/Liveness";
import { isRecord } from "./kept";

/** What the chips and the search ask for. */
export interface Filter {
  /** One state, or all. */
  state: Liveness | null;
  /** Words that all have to be found. */
  search: string;
  /** These agents alone, as a notice names them, or all. */
  only: readonly string[] | null;
}

export const NO_FILTER: Filter = { state: null, search: "", only: null };

/** A test for rows; the search is prepared once, not once a row. */
export function matcher(filter: Filter): (row: AgentRow) => boolean {
  const words = filter.search.toLowerCase().split(/\s+/).filter(Boolean);
  const only = filter.only && new Set(filter.only);
  return (row) => {
    if (only && !only.has(row.id)) return false;
    if (filter.state !== null && row.liveness !== filter.state) return false;
    if (words.length === 0) return true;
    const { name, id, liveness, verdict, registry, project, tags } = row;
    const said = [name, id, liveness, verdict.sentence, registry.name, project, ...tags];
    const text = said.join(" ").toLowerCase();
    return words.every((word) => text.includes(word));
  };
}

export function isEmpty(filter: Filter): boolean {
  return filter.state === null && filter.search.trim() === "" && filter.only === null;
}

export function checkFilter(value: unknown): Filter | null {
  if (!isRecord(value) || typeof value.search !== "string") return null;
  const { state, search } = value;
  const only = Array.isArray(value.only) ? value.only.map(String) : null;
  return state === null || typeof state === "string"
    ? { state: state as Liveness | null, search, only }
    : null;
}
