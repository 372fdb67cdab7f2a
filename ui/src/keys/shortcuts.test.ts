import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { expectAccessible, openWindow, rows } from "../app.test-help";
import { commandOf, type Place, SHORTCUTS, wordsOf } from "./shortcuts";

const event = (key: string, held: KeyboardEventInit = {}) => new KeyboardEvent("keydown", { key, ...held });
const press = (key: string, held: KeyboardEventInit = {}) =>
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...held });

describe("commandOf", () => {
  it("minds what is held", () => {
    expect(commandOf("table", event("ArrowDown"))).toBe("next");
    expect(commandOf("table", event("ArrowDown", { shiftKey: true }))).toBe("extendDown");
    expect(commandOf("table", event("ArrowDown", { altKey: true }))).toBeNull();
    expect(commandOf("table", event(" "))).toBe("select");
    expect(commandOf("table", event(" ", { shiftKey: true }))).toBe("extend");
    expect(commandOf("table", event("j", { ctrlKey: true }))).toBeNull();
  });

  it("takes Ctrl and Cmd for the same", () => {
    expect(commandOf("window", event("k", { ctrlKey: true }))).toBe("palette");
    expect(commandOf("window", event("k", { metaKey: true }))).toBe("palette");
    expect(commandOf("window", event("k"))).toBe("previous");
  });

  it("finds signs wherever a keyboard has them", () => {
    expect(commandOf("window", event("?", { shiftKey: true }))).toBe("help");
    expect(commandOf("window", event("?"))).toBe("help");
    expect(commandOf("window", event("/", { shiftKey: true }))).toBe("search");
  });

  it.each(Object.keys(SHORTCUTS) as Place[])("has no key twice: %s", (place) => {
    const chords = SHORTCUTS[place].flatMap((shortcut) => shortcut.chords);
    expect(new Set(chords).size).toBe(chords.length);
  });
});

it("wordsOf names keys as the system does", () => {
  expect(wordsOf("Mod+K", false)).toBe("Ctrl+K");
  expect(wordsOf("Mod+K", true)).toBe("⌘+K");
  expect(wordsOf("Shift+ArrowDown", false)).toBe("Shift+↓");
});

describe("the sheet", () => {
  it("opens with ?, shows every shortcut, and gives the focus back", async () => {
    await openWindow();
    rows()[0]?.focus();
    await press("?", { shiftKey: true });
    const shown = screen.getAllByTestId("shortcut");
    const all = Object.values(SHORTCUTS).flat();
    expect(shown).toHaveLength(all.length);
    for (const { words } of all) expect(shown.some((each) => each.textContent?.includes(words))).toBe(true);
    await expectAccessible();
    await fireEvent.keyDown(screen.getByTestId("shortcuts"), { key: "Escape" });
    await waitFor(() => expect(screen.queryByTestId("shortcuts")).toBeNull());
    expect(document.activeElement).toBe(rows()[0]);
  });

  it("stays away while one types", async () => {
    await openWindow();
    screen.getByTestId("search").focus();
    await press("?", { shiftKey: true });
    expect(screen.queryByTestId("shortcuts")).toBeNull();
  });
});

it("Ctrl+A selects the agents that are shown, and on an agent's page is left alone", async () => {
  await openWindow();
  await press("a", { ctrlKey: true });
  expect(screen.getByTestId("bulk-count").textContent).toBe("12 selected");
  await press("Escape");
  await fireEvent.click(rows()[0] as HTMLElement);
  screen.getByTestId("page-about").focus();
  await press("a", { ctrlKey: true });
  expect(screen.queryByTestId("bulk-bar")).toBeNull();
});
