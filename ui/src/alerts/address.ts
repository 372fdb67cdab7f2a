/** What the page of alerts has, in the order of its tabs. */
export const ALERT_TABS = {
  incidents: "Incidents",
  channels: "Channels",
  rules: "Rules",
  fault: "Whose fault",
  drill: "Drill",
} as const;

export type AlertTab = keyof typeof ALERT_TABS;

/** `#alerts/channels` */
export function alertsAddress(tab: AlertTab): string {
  return `#alerts/${tab}`;
}

/** The tab that an address names; the first one of an address that names none. */
export function alertsPlace(hash: string): AlertTab | null {
  const [all, tab] = /^#alerts(?:\/(\w+))?$/.exec(hash) ?? [];
  return all === undefined ? null : (asAlertTab(tab) ?? "incidents");
}

export function asAlertTab(value: unknown): AlertTab | null {
  return typeof value === "string" && Object.hasOwn(ALERT_TABS, value) ? (value as AlertTab) : null;
}
