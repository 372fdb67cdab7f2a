import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { field } from "../host/fixture/field";

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
    expect(asked).toHaveBeenCalledWith("/home/dev/.zynd/agents/new-one/keypair.json", "zns01", null, null);
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
    ["an Error", new Error("boom"), "boom. Try again; the log has the details."],
    ["a text", "refused", "refused. Try again; the log has the details."],
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
    await type("derive-index", "-3");
    await fireEvent.click(screen.getByTestId("import-submit"));
    expect(screen.getByTestId("derive-index-problem").textContent).toBe("Give a whole number from 0 on.");
    expect(derive).not.toHaveBeenCalled();
    await type("derive-index", "3");
    await type("add-name", "third");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() =>
      expect(derive).toHaveBeenCalledWith("/home/dev/.zynd/developer.json", 3, "zns01", "third", null),
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

  it("adds an ArtCafe server with its organization, and asks for the agent's own key", async () => {
    const host = new FixtureHost();
    host.health = [];
    await openDialog(host);
    const added = vi.spyOn(host, "registryAdd");
    expect(screen.getByTestId("way-generate")).toBeTruthy();
    await fireEvent.click(screen.getByTestId("kind-artcafe"));
    expect(screen.queryByTestId("way-generate")).toBeNull();
    expect(screen.getByTestId("add-dialog").textContent).toContain("Its RSA key in PEM");
    await type("registry-url", "https://cafe.example");
    await type("import-path", "/keys/weather.json");
    await fireEvent.click(screen.getByTestId("import-submit"));
    expect(screen.getByTestId("dialog-error").textContent).toContain("Give the organization");
    expect(added).not.toHaveBeenCalled();
    await type("registry-organization", " acme ");
    await type("registry-challenge", "https://cafe.example/{agent_id}");
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() => expect(screen.queryByTestId("add-dialog")).toBeNull());
    expect(added.mock.calls).toEqual([
      [
        "cafe",
        "https://cafe.example",
        { dialect: "artcafe", organization: "acme", challenge: "https://cafe.example/{agent_id}" },
      ],
    ]);
  });

  it("says why a registry cannot be, and keeps what was typed", async () => {
    const host = new FixtureHost();
    host.health = [];
    host.registryAdd = () =>
      Promise.reject({ code: "registry.cannot_be", sentence: "It has no {agent_id}", remedy: "Correct it." });
    await openDialog(host);
    await type("registry-url", "https://cafe.example");
    await type("import-path", "/k.json");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() =>
      expect(screen.getByTestId("dialog-error").textContent).toContain("It has no {agent_id}"),
    );
    expect(screen.getByTestId<HTMLInputElement>("registry-url").value).toBe("https://cafe.example");
  });

  it("wants a name and no key on a bus, and who beats for it there", async () => {
    const host = await openDialog(field(Date.now()));
    const place = screen.getByTestId<HTMLSelectElement>("import-registry");
    expect(place.value).toBe("zns01");
    await fireEvent.change(place, { target: { value: "team" } });
    for (const gone of ["import-path", "way-generate"]) expect(screen.queryByTestId(gone)).toBeNull();
    const asked = vi.spyOn(host, "agentOnBus");
    await fireEvent.click(screen.getByTestId("import-submit"));
    expect(screen.getByTestId("dialog-error").textContent).toContain("Give the agent a name.");
    await type("add-name", " worker 1 ");
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() => expect(screen.queryByTestId("add-dialog")).toBeNull());
    expect(asked).toHaveBeenCalledWith("team", "worker 1", "app", null);
    await waitFor(() => expect(screen.getByTestId("agent-page").dataset.id).toBe("bus:team/worker%201"));
    await fireEvent.click(screen.getByTestId("tab-key"));
    expect(screen.getByTestId("key-none").textContent).toContain("a name and no key");

    await fireEvent.click(screen.getByTestId("add-agent"));
    await fireEvent.change(screen.getByTestId("import-registry"), { target: { value: "team" } });
    await fireEvent.click(screen.getByTestId("beats-agent"));
    await type("add-name", "worker 1");
    await fireEvent.click(screen.getByTestId("import-submit"));
    await waitFor(() =>
      expect(screen.getByTestId("dialog-error").textContent).toContain("is already here as"),
    );
    expect(asked).toHaveBeenLastCalledWith("team", "worker 1", "agent", null);
  });

  it("leads to where a bus is added", async () => {
    await openDialog();
    await fireEvent.change(screen.getByTestId("import-registry"), { target: { value: "\u0000new" } });
    await fireEvent.click(screen.getByTestId("add-bus"));
    expect(screen.queryByTestId("add-dialog")).toBeNull();
    await waitFor(() => expect(screen.getByTestId("bus-url")).toBeTruthy());
    await fireEvent.click(screen.getByTestId("bus-cancel"));
    expect(screen.queryByTestId("buses-dialog")).toBeNull();
  });

  it("notes who goes by pointer and who by keyboard, also inside the dialog, for the focus ring after it", async () => {
    await openDialog();
    const { dataset } = document.documentElement;
    const path = screen.getByTestId("import-path");
    await fireEvent.pointerDown(path);
    expect(dataset.input).toBe("pointer");
    await fireEvent.keyDown(path, { key: "Shift" });
    expect(dataset.input).toBe("pointer");
    await fireEvent.keyDown(path, { key: "Escape" });
    expect(dataset.input).toBe("keyboard");
    expect(document.activeElement?.getAttribute("data-testid")).not.toBe("import-path");
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

describe("another key in the agent's place", () => {
  const STORED = "7f3214872296f48d652a365c9f637f72";
  const GROUPED = "7f32 1487 2296 f48d 652a 365c 9f63 7f72";
  const words = (testid: string) => screen.getByTestId(testid).textContent?.replace(/\s+/g, " ").trim();
  const submit = () => screen.getByTestId<HTMLButtonElement>("import-submit");

  async function refused(path: string) {
    const host = await openDialog();
    const asked = vi.spyOn(host, "agentImport");
    await type("import-path", path);
    await fireEvent.click(submit());
    await waitFor(() => expect(screen.getByTestId("replace-key")).toBeTruthy());
    return { host, asked };
  }

  it("is replaced only when its fingerprint was typed", async () => {
    const { asked } = await refused("/taken.json");
    expect(words("dialog-error")).toContain("under zns:56475aa75463474c0285df5dbf2bcab7");
    expect(words("dialog-error")).not.toContain("--replace");
    expect(words("replace-stored")).toBe(GROUPED);
    expect(words("replace-own")).toBe("5647 5aa7 5463 474c 0285 df5d bf2b cab7");
    expect(words("replace-key")).toContain(
      "Without a copy of it elsewhere, zns:7f32…7f72 can never beat again.",
    );
    await expectAccessible();

    expect(submit().disabled).toBe(true);
    for (const wrong of ["7f321487", "56475aa75463474c0285df5dbf2bcab7", "yes"]) {
      await type("replace-typed", wrong);
      expect(submit().disabled, wrong).toBe(true);
      const form = submit().closest("form");
      if (form) await fireEvent.submit(form);
    }
    expect(asked).toHaveBeenCalledTimes(1);

    await type("replace-typed", ` ${GROUPED.toUpperCase()} `);
    expect(words("import-submit")).toBe("Replace the stored key");
    await fireEvent.click(submit());
    await waitFor(() => expect(screen.queryByTestId("add-dialog")).toBeNull());
    expect(asked).toHaveBeenLastCalledWith("/taken.json", "zns01", null, STORED);
  });

  it("says so of what is no key, and names it as it must be named", async () => {
    const { asked } = await refused("/damaged.json");
    expect(words("replace-stored")).toBe("damaged-7: 7 bytes that are no key");
    expect(words("replace-key")).toContain("Type damaged-7 to replace it");
    await type("replace-typed", "damaged-7");
    await fireEvent.click(submit());
    await waitFor(() => expect(asked).toHaveBeenLastCalledWith("/damaged.json", "zns01", null, "damaged-7"));
  });

  it("is shown anew when it has changed meanwhile", async () => {
    const { host } = await refused("/taken.json");
    const other = "0".repeat(32);
    host.taken.set("/taken.json", { id: "zns:56475aa75463474c0285df5dbf2bcab7", by: other });
    await type("replace-typed", STORED);
    await fireEvent.click(submit());
    await waitFor(() => expect(words("replace-stored")).toBe(other.match(/.{4}/g)?.join(" ")));
    expect(screen.getByTestId<HTMLInputElement>("replace-typed").value).toBe("");
    expect(submit().disabled).toBe(true);
  });

  it("is forgotten when another file is chosen, for that has an id of its own", async () => {
    const { asked } = await refused("/taken.json");
    await type("replace-typed", STORED);
    await type("import-path", "/free/keypair.json");
    expect(screen.queryByTestId("replace-key")).toBeNull();
    expect(screen.queryByTestId("dialog-error")).toBeNull();
    await fireEvent.click(submit());
    await waitFor(() => expect(asked).toHaveBeenLastCalledWith("/free/keypair.json", "zns01", null, null));
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
