import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow } from "../app.test-help";
import { FixtureHost } from "../host/fixture";

const paths = () =>
  screen.getAllByTestId("found-key").map((each) => each.closest("li")?.querySelector(".path")?.textContent);
const boxes = () => screen.getAllByTestId<HTMLInputElement>("found-key");
const KEY = "/home/dev/Desktop/parrot/keypair.json";

async function drop(host: FixtureHost, ...files: string[]) {
  host.drag({ state: "dropped", paths: files });
  await waitFor(() => expect(screen.queryAllByTestId("found-key").length).toBeGreaterThan(0));
}

describe("files that are dragged over the window", () => {
  it("are invited, and the invitation goes when they do", async () => {
    const host = await openWindow();
    host.drag({ state: "over" });
    await waitFor(() =>
      expect(screen.getByTestId("drop").textContent).toContain("Drop key files to import them"),
    );
    await expectAccessible();
    host.drag({ state: "left" });
    await waitFor(() => expect(screen.queryByTestId("drop")).toBeNull());
    expect(screen.queryByTestId("found-dialog")).toBeNull();
  });

  it("are listed and chosen when they are dropped, imported, and shredded on request", async () => {
    const host = await openWindow();
    host.drag({ state: "over" });
    await drop(host, KEY, "/home/dev/notes.txt");
    expect(screen.queryByTestId("drop")).toBeNull();
    expect(paths()).toEqual([KEY, "/home/dev/notes.txt"]);
    expect(boxes().map((box) => [box.checked, box.disabled])).toEqual([
      [true, false],
      [false, true],
    ]);
    expect(boxes()[1]?.closest("li")?.textContent).toContain("the file is not JSON");
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("found-import"));
    await screen.findByTestId("found-after");
    await waitFor(() => expect(names()).toContain("parrot"));
    await fireEvent.click(screen.getByTestId("found-shred"));
    await waitFor(() => expect(host.shredded).toEqual([KEY]));
  });

  it("may be folders, which are looked into; one without keys is said to be a folder", async () => {
    const host = await openWindow();
    await drop(host, "/home/dev/code/side", "/home/dev/music");
    expect(paths()).toEqual(["/home/dev/code/side/.agent/config.json", "/home/dev/music"]);
    expect(boxes()[1]?.closest("li")?.textContent).toContain("it is a folder");
  });

  it("join what is in the list, and what was chosen there stays", async () => {
    const host = await openWindow();
    await drop(host, KEY);
    await fireEvent.click(boxes()[0] as HTMLElement);
    await drop(host, "/home/dev/Desktop/owl/keypair.json", KEY);
    await waitFor(() => expect(boxes()).toHaveLength(2));
    expect(boxes().map((box) => box.checked)).toEqual([true, false]);
  });

  it("leave the dialog alone that is open", async () => {
    const host = await openWindow();
    await fireEvent.click(screen.getByTestId("add-agent"));
    await fireEvent.input(await screen.findByTestId("import-name"), { target: { value: "half typed" } });
    host.drag({ state: "over" });
    await drop(host, KEY);
    await fireEvent.click(screen.getByTestId("found-close"));
    await waitFor(() => expect(screen.queryByTestId("found-dialog")).toBeNull());
    expect(screen.getByTestId<HTMLInputElement>("import-name").value).toBe("half typed");
  });

  it("say it when they cannot be looked at", async () => {
    const host = await openWindow();
    vi.spyOn(host, "keysLook").mockRejectedValue({
      code: "x",
      sentence: "The engine is gone.",
      remedy: "Restart.",
    });
    host.drag({ state: "dropped", paths: [KEY] });
    expect((await screen.findByTestId("found-error")).textContent?.replace(/\s+/g, " ").trim()).toBe(
      "The engine is gone. Restart.",
    );
  });
});
