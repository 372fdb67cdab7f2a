import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { beforeAll, describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { PROPOSAL } from "../host/fixture/processes";
import { BROKEN, PROJECT } from "../host/fixture/projects";
import { localRows } from "../host/fixture/runs";
import { PARTS } from "../parts";

// The first of them is not the one to wait for the whole window.
beforeAll(() => Promise.all(Object.values(PARTS).map((part) => part.load())));

const words = (element: Element | null | undefined) => element?.textContent?.replace(/\s+/g, " ").trim();
const said = (testid: string) => words(screen.getByTestId(testid));
const agents = () => screen.getAllByTestId("project-agent");
const programs = (agent: Element | undefined) =>
  [...(agent?.querySelectorAll("[data-testid=project-program] ul") ?? [])].map((list) =>
    [...list.querySelectorAll("li")].map((word) => word.textContent?.trim()),
  );
const submit = () => screen.getByTestId<HTMLButtonElement>("project-submit");

/** The dialog, with the folder that its chooser answers. */
async function openDialog(folder: string | null, prepare: (host: FixtureHost) => void = () => undefined) {
  const host = new FixtureHost(localRows(Date.now()));
  host.pickFolder = async () => folder;
  prepare(host);
  await openWindow(host);
  await fireEvent.click(screen.getByTestId("add-agent"));
  await fireEvent.click(await screen.findByTestId("add-project"));
  await screen.findByTestId("project-dialog");
  expect(screen.queryByTestId("add-dialog")).toBeNull();
  return host;
}

describe("a project with a file of its own", () => {
  it("shows each program before it is adopted, and what would become of its agents", async () => {
    const host = await openDialog(PROJECT);
    const adopt = vi.spyOn(host, "projectAdopt");
    await waitFor(() => expect(agents()).toHaveLength(4));
    expect(agents().map((agent) => agent.dataset.what)).toEqual(["added", "changed", "same", "refused"]);
    const [crier, weather, , clerk] = agents();
    expect(programs(crier)).toEqual([
      ["python3", "agent.py", "--name", "town crier"],
      ["./well.sh"],
      ["docker", "run", "--rm", "--name", "crier", "town/crier:1"],
    ]);
    expect(words(crier)).toContain("a new registry: http://127.0.0.1:8080");
    expect(words(crier)).toContain("LOG=debug PORT=5006");
    expect(words(crier)).toContain(".env.local");
    expect(words(crier)).toContain("It starts as soon as it is adopted, and with Beatkeeper.");
    expect(words(weather)).toContain('run.command ["python3","agent.py"] → ["python3","agent.py","--fast"]');
    expect(words(weather)).toContain('run.env.LOG — → "debug"');
    expect(words(clerk)).toContain("not in the vault yet");
    expect(said("project-said")).toContain("adopt them only if you trust the project");
    expect(words(submit())).toBe("Adopt 2 agents");
    expect(adopt).not.toHaveBeenCalled();
  });

  it("is accessible", async () => {
    await openDialog(PROJECT);
    await waitFor(() => expect(agents()).toHaveLength(4));
    await expectAccessible();
  });

  it("is adopted on a click, as it was seen, and its agents are started on another", async () => {
    const host = await openDialog(PROJECT);
    const [adopt, up] = [vi.spyOn(host, "projectAdopt"), vi.spyOn(host, "agentUp")];
    await waitFor(() => expect(agents()).toHaveLength(4));
    await fireEvent.click(submit());
    await waitFor(() => expect(said("project-said")).toBe("3 agents of the project are here."));
    expect(adopt).toHaveBeenCalledWith(PROJECT, "5eed");
    await waitFor(() => expect(names()).toContain("town-crier"));
    expect(up).not.toHaveBeenCalled();
    expect(words(submit())).toBe("Start them");
    const ids = host.projects.get(PROJECT)?.agents.map(({ outcome }) => outcome.id);
    up.mockResolvedValue([]);
    await fireEvent.click(submit());
    await waitFor(() => expect(screen.queryByTestId("project-dialog")).toBeNull());
    expect(up).toHaveBeenCalledWith(ids?.slice(0, 2));
  });

  it("is shown again, and not adopted, when its file has changed meanwhile", async () => {
    const host = await openDialog(PROJECT);
    await waitFor(() => expect(agents()).toHaveLength(4));
    const preview = host.projects.get(PROJECT);
    if (!preview) throw new Error("no project");
    host.projects.set(PROJECT, { ...preview, seal: "other", agents: preview.agents.slice(0, 1) });
    await fireEvent.click(submit());
    await waitFor(() => expect(said("project-error")).toContain("has changed since it was shown"));
    await waitFor(() => expect(agents()).toHaveLength(1));
    await waitFor(() => expect(submit().getAttribute("aria-disabled")).toBe("false"));
    expect(names()).not.toContain("town-crier");
    await fireEvent.click(submit());
    await waitFor(() => expect(names()).toContain("town-crier"));
  });

  it("is forgotten when another folder is typed", async () => {
    const host = await openDialog(PROJECT);
    const adopt = vi.spyOn(host, "projectAdopt");
    await waitFor(() => expect(agents()).toHaveLength(4));
    const form = submit().closest("form") as HTMLFormElement;
    await fireEvent.input(screen.getByTestId("project-folder"), { target: { value: BROKEN } });
    await fireEvent.submit(form);
    await screen.findByTestId("project-error");
    expect(screen.queryAllByTestId("project-agent")).toEqual([]);
    expect(adopt).not.toHaveBeenCalled();
  });

  it("is refused with the engine's sentence, which names the place", async () => {
    const host = await openDialog(BROKEN);
    await waitFor(() => expect(said("project-error")).toContain("line 4, column 1: unknown field `comand`"));
    expect(words(submit())).toBe("Look again");
    const preview = host.projects.get(PROJECT);
    host.projectPreview = async () => preview ?? null;
    await fireEvent.click(submit());
    await waitFor(() => expect(agents()).toHaveLength(4));
    expect(screen.queryByTestId("project-error")).toBeNull();
  });

  it("has its keys imported first where they are missing", async () => {
    const host = await openDialog(PROJECT);
    const look = vi.spyOn(host, "keysLook");
    await waitFor(() => expect(agents()).toHaveLength(4));
    await fireEvent.click(screen.getByTestId("project-keys"));
    await screen.findByTestId("found-dialog");
    expect(look).toHaveBeenCalledWith([PROJECT]);
    expect(screen.queryByTestId("project-dialog")).toBeNull();
  });
});

describe("a folder without such a file", () => {
  const FOLDER = "/home/dev/code/weather";

  it("has proposals, and the form for a new agent begins with what was found", async () => {
    const entity = "zns:56475aa75463474c0285df5dbf2bcab7";
    const path = `${FOLDER}/.agent/config.json`;
    await openDialog(FOLDER, (host) => {
      host.proposals = [{ ...PROPOSAL, entity }];
      const [key] = host.found;
      if (key) host.found = [{ ...key, id: entity, path, project: FOLDER }];
    });
    await waitFor(() => expect(said("project-proposal")).toContain(PROPOSAL.why));
    expect(said("project-proposal")).toContain(FOLDER);
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("project-take"));
    await screen.findByTestId("add-dialog");
    expect(screen.queryByTestId("project-dialog")).toBeNull();
    expect(screen.getByTestId<HTMLInputElement>("import-path").value).toBe(path);
    await waitFor(() =>
      expect(screen.getByTestId<HTMLInputElement>("import-name").value).toBe(PROPOSAL.name),
    );
    expect(screen.getByTestId<HTMLInputElement>("add-folder").value).toBe(FOLDER);
  });

  it("sets up how an agent is started that is here already", async () => {
    const rows = localRows(Date.now());
    const known = rows.find(({ name }) => name === "tmp-experiment");
    const host = await openDialog(FOLDER, (stage) => {
      stage.proposals = [{ ...PROPOSAL, entity: known?.id ?? null, command: ["node", "agent.js"] }];
    });
    const run = vi.spyOn(host, "agentRun");
    await waitFor(() => expect(said("project-take")).toBe("Set it up…"));
    await fireEvent.click(screen.getByTestId("project-take"));
    await waitFor(() =>
      expect(screen.getByTestId<HTMLInputElement>("launch-command").value).toBe("node agent.js"),
    );
    expect(run).toHaveBeenCalledWith(known?.id);
  });

  it("says when nothing is found", async () => {
    await openDialog(FOLDER, (host) => (host.proposals = []));
    await waitFor(() => expect(said("project-none")).toContain("No project was found there"));
  });

  it("can be typed when the chooser was cancelled", async () => {
    await openDialog(null);
    expect(screen.queryByTestId("project-error")).toBeNull();
    const field = screen.getByTestId("project-folder");
    await fireEvent.input(field, { target: { value: ` ${PROJECT} ` } });
    await fireEvent.change(field);
    await waitFor(() => expect(agents()).toHaveLength(4));
  });
});

describe("ways to a project", () => {
  it("is the palette", async () => {
    const host = new FixtureHost(localRows(Date.now()));
    host.pickFolder = async () => PROJECT;
    await openWindow(host);
    await fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    await fireEvent.input(await screen.findByTestId("palette-input"), {
      target: { value: "project folder" },
    });
    await fireEvent.keyDown(document.activeElement ?? document.body, { key: "Enter" });
    await waitFor(() => expect(agents()).toHaveLength(4));
  });

  it.each([PROJECT, `${PROJECT}/beatkeeper.toml`])("is dropping %s", async (path) => {
    const host = new FixtureHost(localRows(Date.now()));
    const pick = vi.spyOn(host, "pickFolder");
    await openWindow(host);
    host.drag({ state: "dropped", paths: [path] });
    await waitFor(() => expect(agents()).toHaveLength(4));
    expect(pick).not.toHaveBeenCalled();
    host.drag({ state: "dropped", paths: [BROKEN] });
    await waitFor(() => expect(said("project-error")).toContain("line 4"));
    expect(screen.getAllByTestId("project-dialog")).toHaveLength(1);
  });

  it("is the empty window", async () => {
    const host = new FixtureHost();
    host.pickFolder = async () => PROJECT;
    await openWindow(host);
    await fireEvent.click(screen.getByTestId("empty-project"));
    await waitFor(() => expect(agents()).toHaveLength(4));
  });
});
