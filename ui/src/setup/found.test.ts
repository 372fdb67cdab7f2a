import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow } from "../app.test-help";
import { FixtureHost } from "../host/fixture";

async function openFound(host = new FixtureHost()) {
  const opened = await openWindow(host);
  await fireEvent.click(await screen.findByTestId("empty-find"));
  await screen.findByTestId("found-dialog");
  return opened;
}

const boxes = () => screen.getAllByTestId<HTMLInputElement>("found-key");
const box = (name: string) =>
  boxes().find((each) => each.closest("li")?.textContent?.includes(name)) as HTMLInputElement;

describe("the keys that are on this computer", () => {
  it("are listed, and what is new is chosen", async () => {
    await openFound();
    await waitFor(() => expect(boxes().length).toBe(6));
    expect(boxes().filter((each) => each.checked).length).toBe(3);
    expect(box("half-written").disabled && box("already").disabled && box("developer").disabled).toBe(true);
    expect(box("py-agent").closest("li")?.textContent).toContain("Others can read this file (0644).");
    expect(screen.getByTestId("found-import").textContent?.trim()).toBe("Import 3 keys");
    await expectAccessible();
  });

  it("are imported with what the list has shown of them", async () => {
    const host = await openFound();
    const asked = vi.spyOn(host, "agentImport");
    await waitFor(() => expect(boxes().length).toBe(6));
    await fireEvent.click(screen.getByTestId("found-import"));
    await screen.findByTestId("found-after");
    expect(asked.mock.calls.map(([, , name, , as]) => [name, as])).toEqual([
      ["weather-bot", { loose: false, service: false, project: null }],
      ["py-agent", { loose: true, service: false, project: null }],
      ["maps", { loose: false, service: true, project: null }],
    ]);
    await waitFor(() => expect(names()).toContain("weather-bot"));
  });

  it("keep their files until a person wants them shredded", async () => {
    const host = await openFound();
    await waitFor(() => expect(boxes().length).toBe(6));
    await fireEvent.click(box("py-agent"));
    await fireEvent.click(box("maps"));
    await fireEvent.click(screen.getByTestId("found-import"));
    await screen.findByTestId("found-after");
    expect(host.shredded).toEqual([]);
    await fireEvent.click(screen.getByTestId("found-shred"));
    await waitFor(() => expect(host.shredded).toEqual(["/home/dev/.zynd/agents/weather-bot/keypair.json"]));
    await waitFor(() => expect(screen.queryByTestId("found-shred")).toBeNull());
    expect(box("weather-bot").closest("li")?.textContent).toContain("imported, file shredded");
  });

  it("leave nobody nowhere while they are imported and shredded, nor after it", async () => {
    const host = await openFound();
    await waitFor(() => expect(boxes().length).toBe(6));
    let go = (): void => undefined;
    const held = () => new Promise<void>((resolve) => (go = resolve));
    const real = host.agentImport.bind(host);
    host.agentImport = (...of) => held().then(() => real(...of));
    host.keyFileShred = held;
    for (const name of ["py-agent", "maps"]) await fireEvent.click(box(name));
    const able = (...ids: string[]) => {
      for (const id of ids) {
        const button = screen.getByTestId<HTMLButtonElement>(id);
        expect([id, button.disabled, button.getAttribute("aria-disabled")]).toEqual([id, false, "true"]);
      }
    };
    screen.getByTestId("found-import").focus();
    await fireEvent.click(screen.getByTestId("found-import"));
    able("found-import", "found-folder");
    expect(box("weather-bot").disabled).toBe(false);
    go();
    await screen.findByTestId("found-after");
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("found-news")));
    await fireEvent.click(box("weather-bot"));
    expect(box("weather-bot").checked, "what is imported stays chosen").toBe(true);
    screen.getByTestId("found-shred").focus();
    await fireEvent.click(screen.getByTestId("found-shred"));
    able("found-shred");
    expect(document.activeElement).toBe(screen.getByTestId("found-shred"));
    go();
    await waitFor(() => expect(screen.queryByTestId("found-shred")).toBeNull());
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("found-news")));
  });

  it("say of each why it was not imported, and go on with the others", async () => {
    const host = await openFound();
    const real = host.agentImport.bind(host);
    host.agentImport = (path, ...rest) =>
      path.includes("weather-bot")
        ? Promise.reject({ code: "vault.locked", sentence: "The keychain is locked.", remedy: "Unlock it." })
        : real(path, ...rest);
    await waitFor(() => expect(boxes().length).toBe(6));
    await fireEvent.click(screen.getByTestId("found-import"));
    await screen.findByTestId("found-after");
    const row = box("weather-bot").closest("li") as HTMLElement;
    expect(within(row).getByRole("alert").textContent).toBe("The keychain is locked. Unlock it.");
    expect(box("maps").closest("li")?.textContent).toContain("imported");
  });

  it("are looked for in a project's folder, too", async () => {
    await openFound();
    await waitFor(() => expect(boxes().length).toBe(6));
    await fireEvent.click(box("maps"));
    await fireEvent.click(screen.getByTestId("found-folder"));
    await waitFor(() => expect(boxes().length).toBe(7));
    expect(box("side-project").checked).toBe(true);
    expect(box("maps").checked).toBe(false);
  });

  it("may be none, or hidden by a failure", async () => {
    const host = new FixtureHost();
    host.found = [];
    await openFound(host);
    expect((await screen.findByTestId("found-none")).textContent).toContain("No keys were found");
    host.keysFind = () => Promise.reject({ code: "engine.gone", sentence: "Gone.", remedy: "Restart." });
    await fireEvent.click(screen.getByTestId("found-folder"));
    expect((await screen.findByTestId("found-error")).textContent).toContain("Gone. Restart.");
  });

  it("are found from the dialog for one key, too", async () => {
    await openWindow();
    await fireEvent.click(screen.getByTestId("add-agent"));
    await fireEvent.click(await screen.findByTestId("add-find"));
    await screen.findByTestId("found-dialog");
    expect(screen.queryByTestId("add-dialog")).toBeNull();
  });
});
