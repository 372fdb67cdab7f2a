/** What an agent's page has, in the order of its tabs. */
export const TABS = {
  connections: "Connections",
  beats: "Beats",
  timeline: "Timeline",
  log: "Log",
  process: "Process",
  doctor: "Doctor",
  key: "Key",
} as const;

export type Tab = keyof typeof TABS;

/** Where in the window somebody is. */
export interface Place {
  id: string;
  tab: Tab;
}

const FIRST: Tab = "connections";

/** `#agent/zns:9ba9…`, `#agent/zns:9ba9…/key`; nothing without an agent. */
export function addressOf(id: string | null, tab: Tab): string {
  return id === null ? "" : `#agent/${id}${tab === FIRST ? "" : `/${tab}`}`;
}

export function placeOf(hash: string): Place | null {
  const [, id, tab] = /^#agent\/(zns:[\w:]+)(?:\/(\w+))?$/.exec(hash) ?? [];
  return id === undefined ? null : { id, tab: asTab(tab) ?? FIRST };
}

export function asTab(value: unknown): Tab | null {
  return typeof value === "string" && Object.hasOwn(TABS, value) ? (value as Tab) : null;
}
