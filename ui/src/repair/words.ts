import type { WriteKind } from "../host/bindings/WriteKind";
import type { RepairKind } from "../host/host";

export type { WriteKind };

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
