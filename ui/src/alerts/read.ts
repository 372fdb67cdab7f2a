import type { IncidentView } from "../host/bindings/IncidentView";
import type { AlertsHost } from "../host/host";

const PAGE = 50;
/** More agents than this are not looked at one by one. */
const MOST_OPEN = 500;

/** What is asked of the list of incidents. */
export interface Wanted {
  agent: string | null;
  openOnly: boolean;
  pages: number;
}

export interface Found {
  /** Open ones first, then the newest. */
  incidents: IncidentView[];
  /** Whether there are older ones. */
  more: boolean;
}

export const keyOf = ({ incident }: IncidentView): string => `${incident.agent} ${incident.opened_at}`;

/** All that are open, however old, and so many pages of the others. */
export async function readIncidents(host: AlertsHost, { agent, openOnly, pages }: Wanted): Promise<Found> {
  const open = await host.incidents({ id: agent, open_only: true, limit: MOST_OPEN, before: null });
  if (openOnly) return { incidents: open, more: false };
  const found = new Map(open.map((view) => [keyOf(view), view]));
  let before: string | null = null;
  let more = true;
  for (let page = 0; page < pages && more; page += 1) {
    const next: IncidentView[] = await host.incidents({ id: agent, open_only: false, limit: PAGE, before });
    more = next.length === PAGE;
    before = next.at(-1)?.cursor ?? before;
    for (const view of next) found.set(keyOf(view), view);
  }
  const isOpen = (view: IncidentView) => view.incident.resolved_at === null;
  const incidents = [...found.values()].sort(
    (a, b) => Number(isOpen(b)) - Number(isOpen(a)) || b.incident.opened_at - a.incident.opened_at,
  );
  return { incidents, more };
}
