import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { expect } from "vitest";

import { openWindow } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { demoRows } from "../host/fixture/rows";
import { withAlerts } from "../host/fixture/states";
import type { AlertTab } from "./address";

/** Agents, channels and past drills. Few agents where axe looks at everything, which takes its time. */
export const alertsHost = (agents?: number): FixtureHost =>
  withAlerts(new FixtureHost(demoRows(Date.now()).slice(0, agents)), Date.now());

/** The window with the alerts in place of the table. */
export async function openAlerts(tab: AlertTab, host = alertsHost()): Promise<FixtureHost> {
  // Else the window begins where the last one was.
  history.replaceState(null, "", location.pathname);
  await openWindow(host);
  await fireEvent.click(screen.getByTestId("alerts"));
  await fireEvent.click(screen.getByTestId(`alerts-tab-${tab}`));
  await waitFor(() => expect(document.querySelector(".wait")).toBeNull());
  return host;
}

/** Types into a field. */
export async function type(testid: string, value: string | number): Promise<void> {
  await fireEvent.input(screen.getByTestId(testid), { target: { value: String(value) } });
}

/** What an element says, without the spaces of its source. */
export const said = (of: Element | string): string =>
  ((typeof of === "string" ? screen.getByTestId(of) : of).textContent ?? "").replace(/\s+/g, " ").trim();

export const idOf = (host: FixtureHost, name: string): string =>
  [...host.rows.values()].find((row) => row.name === name)?.id ?? "";
