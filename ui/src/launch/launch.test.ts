import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { PROPOSAL } from "../host/fixture/processes";
import { localRows } from "../host/fixture/runs";
import type { AgentRunView } from "../host/host";
import { draftOf, problemsOf, recoverOf, runOf } from "./draft";
import { lineOf, parseWords, shellHint } from "./words";

async function openForm(name: string) {
  const host = await openWindow(new FixtureHost(localRows(Date.now())));
  await fireEvent.click(rowOf(name));
  await fireEvent.click(screen.getByTestId("more"));
  await fireEvent.click(screen.getByTestId("launch-setup"));
  await waitFor(() => expect(screen.getByTestId("launch-command")).toBeTruthy());
  return { host, saved: vi.spyOn(host, "agentRunSet"), id: rowOf(name).dataset.id ?? "" };
}

const value = (id: string) => screen.getByTestId<HTMLInputElement>(id).value;
const type = (id: string, typed: string) =>
  fireEvent.input(screen.getByTestId(id), { target: { value: typed } });
const choose = (id: string, chosen: string) =>
  fireEvent.change(screen.getByTestId(id), { target: { value: chosen } });
const save = () => fireEvent.submit(screen.getByTestId("launch-save").closest("form") as HTMLFormElement);

describe("how an agent is started", () => {
  it("is proposed from its project", async () => {
    const { saved, id } = await openForm("tmp-experiment");
    expect(screen.getByTestId("launch-proposal").textContent).toContain(PROPOSAL.why);
    expect(value("launch-command")).toBe("python3 agent.py");
    expect(value("launch-live-text")).toBe(PROPOSAL.health);
    await expectAccessible();
    await save();
    await waitFor(() => expect(screen.queryByTestId("launch-dialog")).toBeNull());
    const run = {
      command: ["python3", "agent.py"],
      folder: PROPOSAL.folder,
      live: { http: PROPOSAL.health },
    };
    expect(saved).toHaveBeenCalledWith(id, run, [], "app", null);
  });

  it("is sent as it is typed, and what is as usual is left out", async () => {
    const { saved, id } = await openForm("weather-agent");
    await type("launch-command", `python3 agent.py --name "my agent"`);
    expect(screen.getByTestId("launch-words").textContent).toBe("python3agent.py--namemy agent");
    await type("launch-folder", "~/weather");
    await fireEvent.click(screen.getByTestId("launch-env-add"));
    await type("launch-env-1-name", "TZ");
    await type("launch-env-1-value", "UTC");
    await type("launch-depends", "database, gateway");
    await fireEvent.click(screen.getByTestId("launch-with-app"));
    await fireEvent.click(screen.getByTestId("launch-truthful"));
    await choose("launch-key", "signer");
    await choose("launch-beats", "auto");
    await choose("launch-live-way", "tcp");
    await type("launch-live-text", "127.0.0.1:5000");
    await choose("launch-ready-way", "log");
    await type("launch-ready-text", "Uvicorn running");
    await type("launch-ready-start", "90");
    await choose("launch-restart", "always");
    await type("launch-max", "0");
    await type("launch-codes", "0, 143");
    await choose("launch-signal", "INT");
    await type("launch-grace", "30");
    await save();
    await waitFor(() => expect(saved).toHaveBeenCalled());
    expect(saved).toHaveBeenCalledWith(
      id,
      {
        command: ["python3", "agent.py", "--name", "my agent"],
        folder: "~/weather",
        env: { LOG: "debug", TZ: "UTC" },
        start: "with_app",
        depends_on: ["database", "gateway"],
        stop_signal: "INT",
        stop_grace: 30,
        restart: "always",
        max_restarts: 0,
        success_codes: [0, 143],
        key: "signer",
        ready: { log: "Uvicorn running", start_within: 90 },
        live: { tcp: "127.0.0.1:5000" },
      },
      [],
      "auto",
      false,
    );
  });

  it("has rungs that are added, moved by keyboard and removed", async () => {
    const { saved } = await openForm("docs-indexer");
    const kinds = () =>
      screen.getAllByTestId(/^launch-rung-\d-kind$/).map((each) => (each as HTMLSelectElement).value);
    expect(kinds()).toEqual(["restart", "docker_restart", "alert"]);
    await fireEvent.keyDown(screen.getByTestId("launch-rung-1-kind"), { key: "ArrowUp", altKey: true });
    await waitFor(() => expect(kinds()).toEqual(["docker_restart", "restart", "alert"]));
    expect((document.activeElement as HTMLElement).closest("[data-testid=launch-rung]")).toBe(
      screen.getAllByTestId("launch-rung")[0],
    );
    await fireEvent.click(screen.getByTestId("launch-rung-1-remove"));
    await fireEvent.click(screen.getByTestId("launch-rung-add"));
    await choose("launch-rung-2-kind", "replace");
    await type("launch-rung-2-command", "podman run weather");
    await type("launch-rung-2-worked", "60");
    await expectAccessible();
    await save();
    await waitFor(() => expect(saved).toHaveBeenCalled());
    expect(saved.mock.lastCall?.[2]).toEqual([
      { do: "docker_restart", worked_within: 120, container: "docs-indexer" },
      { do: "alert" },
      { do: "replace", worked_within: 60, command: ["podman", "run", "weather"] },
    ]);
  });

  it("is not sent while something is wrong, and says what beside the field", async () => {
    const { saved } = await openForm("docs-indexer");
    await type("launch-command", `python3 "agent.py`);
    await type("launch-codes", "0, 256");
    await type("launch-rung-1-container", "--privileged");
    await save();
    const said = (id: string) => screen.getByTestId(`${id}-problem`).textContent;
    await waitFor(() => expect(said("launch-command")).toBe(`A quotation mark is not closed: "`));
    expect(said("launch-codes")).toBe("256 is no exit code: give numbers from 0 to 255.");
    expect(said("launch-rung-1-container")).toContain("A container's name");
    expect(document.activeElement).toBe(screen.getByTestId("launch-command"));
    expect(saved).not.toHaveBeenCalled();
    await expectAccessible();
    await type("launch-command", "python3 agent.py");
    expect(screen.queryByTestId("launch-command-problem")).toBeNull();
  });

  it("shows what the engine refuses beside its field", async () => {
    await openForm("weather-agent");
    await type("launch-folder", "/nowhere");
    await save();
    await waitFor(() =>
      expect(screen.getByTestId("launch-folder-problem").textContent).toContain("There is no folder"),
    );
    expect(screen.queryByTestId("launch-error")).toBeNull();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("launch-folder")));
    await type("launch-folder", "/somewhere");
    expect(screen.queryByTestId("launch-folder-problem")).toBeNull();
  });

  it("can be forgotten", async () => {
    const { saved, id } = await openForm("weather-agent");
    await fireEvent.click(screen.getByTestId("launch-forget"));
    await waitFor(() => expect(saved).toHaveBeenCalledWith(id, null, [], "app", null));
  });

  it("keeps the keyboard where it is while it is forgotten, and does that once", async () => {
    const { saved } = await openForm("weather-agent");
    let refuse: (problem: unknown) => void = () => undefined;
    saved.mockImplementation(() => new Promise((_, reject) => (refuse = reject)));
    const button = screen.getByTestId<HTMLButtonElement>("launch-forget");
    button.focus();
    await fireEvent.click(button);
    await fireEvent.click(button);
    expect(saved).toHaveBeenCalledTimes(1);
    expect([button.disabled, button.getAttribute("aria-disabled")]).toEqual([false, "true"]);
    refuse({ code: "run.is_up", sentence: "It runs.", remedy: "Stop it first." });
    await waitFor(() =>
      expect(screen.getByTestId("launch-error").textContent).toBe("It runs. Stop it first."),
    );
    expect(button.getAttribute("aria-disabled")).toBe("false");
    expect(document.activeElement).toBe(button);
  });

  it("follows adding an agent with its project", async () => {
    const host = await openWindow();
    const set = vi.spyOn(host, "runPropose");
    await fireEvent.click(screen.getByTestId("add-agent"));
    await fireEvent.click(screen.getByTestId("way-generate"));
    await fireEvent.change(screen.getByTestId("add-folder"), { target: { value: "/home/dev/code/weather" } });
    await waitFor(() => expect(screen.getByTestId("add-proposal").textContent).toContain(PROPOSAL.why));
    expect(set).toHaveBeenCalledWith("/home/dev/code/weather");
    expect(value("add-name")).toBe("weather-agent");
    await fireEvent.submit(screen.getByTestId("import-submit").closest("form") as HTMLFormElement);
    await waitFor(() => expect(value("launch-command")).toBe("python3 agent.py"));
    expect(value("launch-folder")).toBe("/home/dev/code/weather");
  });
});

describe("a line of words", () => {
  it.each([
    ["python3 agent.py", ["python3", "agent.py"]],
    [`a "b c" 'd "e"' f\\ g`, ["a", "b c", 'd "e"', "f g"]],
    [`x"y z"w ""`, ["xy zw", ""]],
    [String.raw`C:\bin\agent.exe "C:\a b\c"`, [String.raw`C:\bin\agent.exe`, String.raw`C:\a b\c`]],
    ["$HOME `id` *.py", ["$HOME", "`id`", "*.py"]],
  ])("%s", (line, words) => {
    expect(parseWords(line)).toEqual({ words, problem: null });
    expect(parseWords(lineOf(words)).words).toEqual(words);
  });

  it("says when somebody means a shell", () => {
    expect(shellHint(["cat", "a", "|", "grep"])).toBe("There is no shell: the program is given | as it is.");
    expect(shellHint(["run", "2>err.txt"])).toContain("2>err.txt");
    expect(shellHint(["run", "$HOME/x"])).toContain("$HOME/x");
    expect(shellHint(["python3", "agent.py", "--a=b"])).toBeNull();
  });
});

it("an entry comes back as it was", async () => {
  const host = new FixtureHost(localRows(Date.now()));
  const id = [...host.rows.keys()][0] ?? "";
  const run = {
    command: ["a b", "c"],
    env: { A: "1" },
    success_codes: [0, 2],
    ready: { command: ["./ready", "x y"], every: 2 },
    live: { tcp: "127.0.0.1:1", within: 9 },
  };
  await host.agentRunSet(id, run, [{ do: "docker_run", image: "weather:1", after: 5 }], "agent", false);
  const setup: AgentRunView = await host.agentRun(id);
  const draft = draftOf(setup);
  expect([...problemsOf(draft)]).toEqual([]);
  await host.agentRunSet(id, runOf(draft), recoverOf(draft), draft.beats, draft.truthful);
  expect(await host.agentRun(id)).toEqual(setup);
});
