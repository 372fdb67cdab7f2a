import { isOnlySeen } from "../agent/field";
import type { AgentRow } from "../host/bindings/AgentRow";
import type { RepairKind, Write } from "../host/host";

export type WriteKind = Write["kind"];

/** What can be written to a registry, as the words of a button. */
export const WRITES: Record<WriteKind, string> = {
  register: "Register…",
  update: "Publish another URL…",
  next_index: "Switch to the next key…",
  deregister: "Deregister…",
};

const TITLES: Record<WriteKind, (name: string) => string> = {
  register: (name) => `Register ${name}`,
  update: (name) => `Publish another URL of ${name}`,
  next_index: (name) => `Switch ${name} to the next key`,
  deregister: (name) => `Deregister ${name}`,
};

/** What is done to whom. */
export const titleOf = (kind: WriteKind, name: string): string => TITLES[kind](name);

/** What repairs it, if a write does. */
export const REPAIRS: Record<Exclude<RepairKind, "wait">, WriteKind> = {
  register: "register",
  update_url: "update",
  next_index: "next_index",
};

/** What can be written of an agent; nothing of one that has no record which people sign. */
export function writesOf(row: AgentRow): WriteKind[] {
  if (row.realm !== "zynd" || isOnlySeen(row)) return [];
  const there = row.registry.registered;
  const suits: Record<WriteKind, boolean> = {
    register: there !== true,
    update: there !== false,
    next_index: true,
    deregister: there !== false,
  };
  return (Object.keys(WRITES) as WriteKind[]).filter((kind) => suits[kind]);
}
