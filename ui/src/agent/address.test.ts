import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { names, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { demoRows } from "../host/fixture/rows";
import { addressOf, placeOf } from "./address";

const page = () => screen.queryByTestId("agent-page")?.dataset.id;
const selected = () =>
  screen
    .getAllByRole("tab")
    .find((tab) => tab.ariaSelected === "true" || tab.getAttribute("aria-selected") === "true")?.textContent;
const idOf = (host: FixtureHost, name: string) =>
  [...host.rows.values()].find((row) => row.name === name)?.id ?? "";
const go = async (hash: string) => {
  history.replaceState(null, "", hash === "" ? "/" : hash);
  await fireEvent(window, new Event("hashchange"));
};

it("addresses are read as they are written", () => {
  for (const place of [
    { id: "zns:9ba9", tab: "connections" },
    { id: "zns:svc:1a40", tab: "key" },
  ] as const)
    expect(placeOf(addressOf(place.id, place.tab))).toEqual(place);
  expect(addressOf(null, "key")).toBe("");
  expect(placeOf("#agent/zns:1/nonsense")).toEqual({ id: "zns:1", tab: "connections" });
  for (const hash of ["", "#", "#agent/", "#agent/<b>", "#settings"]) expect(placeOf(hash)).toBeNull();
});

describe("the window's address", () => {
  it("follows the page and its tab, and ends with it", async () => {
    await openWindow();
    await fireEvent.click(rowOf("code-reviewer"));
    const id = rowOf("code-reviewer").dataset.id ?? "";
    await waitFor(() => expect(location.hash).toBe(`#agent/${id}`));
    await fireEvent.click(screen.getByTestId("tab-key"));
    await waitFor(() => expect(location.hash).toBe(`#agent/${id}/key`));
    await fireEvent.keyDown(document.body, { key: "Escape" });
    await waitFor(() => expect(location.hash).toBe(""));
  });

  it("opens an agent on start, through a folded group", async () => {
    const host = new FixtureHost(demoRows(Date.now()));
    const id = idOf(host, "docs-indexer");
    localStorage.setItem(
      "beatkeeper.groups",
      JSON.stringify({ version: 1, value: { by: "state", folded: ["group:state=active"] } }),
    );
    history.replaceState(null, "", `#agent/${id}/beats`);
    await openWindow(host);
    await waitFor(() => expect(page()).toBe(id));
    expect(selected()).toBe("Beats");
    await waitFor(() => expect(names()).toContain("docs-indexer"));
    expect(location.hash).toBe(`#agent/${id}/beats`);
  });

  it("of nobody is forgotten", async () => {
    history.replaceState(null, "", "#agent/zns:00000000000000000000000000000000");
    await openWindow();
    await waitFor(() => expect(location.hash).toBe(""));
    expect(page()).toBeUndefined();
  });

  it("is followed when it changes", async () => {
    const host = await openWindow();
    const id = idOf(host, "mail-sorter");
    await go(`#agent/${id}/timeline`);
    await waitFor(() => expect(page()).toBe(id));
    expect(selected()).toBe("Timeline");
    await go("");
    await waitFor(() => expect(page()).toBeUndefined());
  });
});
