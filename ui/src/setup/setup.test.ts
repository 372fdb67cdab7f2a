import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow } from "../app.test-help";
import { FixtureHost } from "../host/fixture";

const type = (testid: string, value: string) =>
  fireEvent.input(screen.getByTestId(testid), { target: { value } });

async function openDialog(host?: FixtureHost) {
  const opened = await openWindow(host);
  await fireEvent.click(screen.getByTestId("add-agent"));
  await waitFor(() => expect(screen.getByTestId<HTMLSelectElement>("import-registry").value).not.toBe(""));
  return opened;
}

describe("adding an agent", () => {
  it("imports a key file and opens the new agent", async () => {
    const host = await openDialog();
    const asked = vi.spyOn(host, "agentImport");
    await type("import-path", " /home/dev/.zynd/agents/new-one/keypair.json ");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() => expect(screen.queryByTestId("add-dialog")).toBeNull());
    expect(asked).toHaveBeenCalledWith("/home/dev/.zynd/agents/new-one/keypair.json", "zns01", null);
    await waitFor(() => expect(names()).toContain("new-one"));
    expect(screen.getByTestId("agent-page").textContent).toContain("new-one");
  });

  it("shows an error with its remedy in place, and keeps what was typed", async () => {
    await openDialog();
    await type("import-path", "/tmp/notes.txt");
    await type("import-name", "mine");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() => expect(screen.getByTestId("dialog-error")).toBeTruthy());
    const text = screen.getByTestId("dialog-error").textContent?.replace(/\s+/g, " ").trim();
    expect(text).toBe("/tmp/notes.txt is not a key file: it is not JSON. Choose the agent's keypair.json.");
    expect(screen.getByTestId<HTMLInputElement>("import-path").value).toBe("/tmp/notes.txt");
    expect(screen.getByTestId<HTMLInputElement>("import-name").value).toBe("mine");
    expect(screen.getByTestId<HTMLButtonElement>("import-submit").disabled).toBe(false);
    await expectAccessible();
  });

  it.each([
    ["an Error", new Error("boom"), "boom Try again; the log has the details."],
    ["a text", "refused", "refused Try again; the log has the details."],
    [
      "something unknown",
      { a: 1 },
      "Something went wrong, and no reason was given. Try again; the log has the details.",
    ],
  ])("shows %s as a sentence", async (_what, thrown, expected) => {
    const host = await openDialog();
    host.agentImport = () => Promise.reject(thrown);
    await type("import-path", "/k.json");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() =>
      expect(screen.getByTestId("dialog-error").textContent?.replace(/\s+/g, " ").trim()).toBe(expected),
    );
  });

  it("asks for what is missing before it asks the engine", async () => {
    const host = await openDialog();
    const asked = vi.spyOn(host, "agentImport");
    await fireEvent.click(screen.getByTestId("import-submit"));
    expect(screen.getByTestId("dialog-error").textContent).toContain("Choose a key file.");
    expect(asked).not.toHaveBeenCalled();
  });

  it("takes the path from the file dialog, and keeps it when that is cancelled", async () => {
    const host = await openDialog();
    await fireEvent.click(screen.getByText("Browse…"));
    await waitFor(() => expect(screen.getByTestId<HTMLInputElement>("import-path").value).toBe(host.picked));
    host.picked = null;
    await fireEvent.click(screen.getByText("Browse…"));
    expect(screen.getByTestId<HTMLInputElement>("import-path").value).toMatch(/keypair\.json$/);
  });

  it("generates and derives", async () => {
    const host = await openDialog();
    const derive = vi.spyOn(host, "agentDerive");
    await fireEvent.click(screen.getByTestId("way-derive"));
    await type("derive-path", "/home/dev/.zynd/developer.json");
    await type("derive-index", "3");
    await type("add-name", "third");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() =>
      expect(derive).toHaveBeenCalledWith("/home/dev/.zynd/developer.json", 3, "zns01", "third"),
    );

    const generate = vi.spyOn(host, "agentGenerate");
    await waitFor(() => expect(screen.queryByTestId("add-dialog")).toBeNull());
    await fireEvent.click(screen.getByTestId("add-agent"));
    await fireEvent.click(screen.getByTestId("way-generate"));
    await type("add-name", "fresh");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() => expect(generate).toHaveBeenCalledWith("zns01", "fresh"));
  });

  it("adds a registry on the way, once, also when the key is refused first", async () => {
    const host = new FixtureHost();
    host.health = [];
    await openDialog(host);
    const added = vi.spyOn(host, "registryAdd");
    await type("registry-url", "http://127.0.0.1:8080");
    await type("registry-name", "local");
    await type("import-path", "/wrong.txt");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() => expect(screen.getByTestId("dialog-error")).toBeTruthy());
    await type("import-path", "/right.json");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() => expect(screen.queryByTestId("add-dialog")).toBeNull());
    expect(added.mock.calls).toEqual([["local", "http://127.0.0.1:8080"]]);
    expect([...host.rows.values()][0]?.registry.name).toBe("local");
  });

  it("closes with Escape, and typing / in it does not search behind it", async () => {
    await openDialog();
    const path = screen.getByTestId("import-path");
    path.focus();
    await fireEvent.keyDown(path, { key: "/" });
    expect(document.activeElement).toBe(path);
    await fireEvent.keyDown(path, { key: "Escape" });
    expect(screen.queryByTestId("add-dialog")).toBeNull();
  });
});

describe("an empty fleet", () => {
  it("says what to do, and both doors open", async () => {
    await openWindow(new FixtureHost());
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("empty-generate"));
    expect(screen.getByTestId<HTMLInputElement>("way-generate").checked).toBe(true);
    await fireEvent.click(screen.getByText("Cancel"));
    await fireEvent.click(screen.getByTestId("empty-import"));
    expect(screen.getByTestId("import-path")).toBeTruthy();
  });
});
