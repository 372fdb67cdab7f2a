import { render, screen, waitFor } from "@testing-library/svelte";
import axe from "axe-core";
import { expect } from "vitest";

import App from "./App.svelte";
import { FixtureHost } from "./host/fixture";
import { demoRows } from "./host/fixture/rows";
import { PARTS } from "./parts";

/** The whole window on a fleet in memory, as soon as it shows something. */
export async function openWindow(host = new FixtureHost(demoRows(Date.now()))): Promise<FixtureHost> {
  // Parts that come later come at once here; that they are waited for has tests of its own.
  await Promise.all(Object.values(PARTS).map((part) => part.load()));
  render(App, { host });
  await waitFor(() => expect(screen.queryByTestId("loading")).toBeNull());
  return host;
}

/** What the engine does when something changed: it says so, and the window pulls. */
export async function announce(host: FixtureHost, change: () => void): Promise<void> {
  change();
  host.announce();
  await waitFor(() => expect(host.pulled).toBe(host.revision));
}

export const rows = (): HTMLElement[] => screen.queryAllByTestId("row");

/** Names in the order that a person sees, which is that of the row index. */
export const names = (): string[] =>
  rows()
    .sort(
      (a, b) =>
        Number(a.ariaRowIndex ?? a.getAttribute("aria-rowindex")) - Number(b.getAttribute("aria-rowindex")),
    )
    .map((row) => row.querySelector(".name")?.textContent?.trim() ?? "");

export function rowOf(name: string): HTMLElement {
  const found = rows().find((row) => row.querySelector(".name")?.textContent === name);
  if (!found) throw new Error(`no row is called ${name}: ${names().join(", ")}`);
  return found;
}

/** Contrast needs pixels, and is held by a test of the colours themselves. */
export async function expectAccessible(): Promise<void> {
  const { violations } = await axe.run(document.body, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  expect(violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join("\n")}`)).toEqual(
    [],
  );
}
