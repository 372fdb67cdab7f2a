import type { WriteKind } from "./words";

const TITLES: Record<WriteKind, (name: string) => string> = {
  register: (name) => `Register ${name}`,
  update: (name) => `Publish another URL of ${name}`,
  next_index: (name) => `Switch ${name} to the next key`,
  deregister: (name) => `Deregister ${name}`,
};

/** What is done to whom. */
export const titleOf = (kind: WriteKind, name: string): string => TITLES[kind](name);
