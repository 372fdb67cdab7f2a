import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";

import { idOf, said } from "../alerts/alerts.test-help";
import { announce, expectAccessible, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { demoRows } from "../host/fixture/rows";

const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });
const check = (name: string) =>
  screen.getAllByTestId("check").find((each) => each.dataset.check === name) as HTMLElement;
const results = () => screen.getAllByTestId("check").map((each) => each.dataset.result);
const pressed = (testid: string) => screen.getByTestId(testid).getAttribute("aria-pressed");
const focused = () => (document.activeElement as HTMLElement).dataset.check;
const done = () => waitFor(() => expect(screen.getByTestId("doctor-sum")).toBeTruthy(), { timeout: 10_000 });

/** Few agents: axe looks at everything. */
const fleet = (...names: string[]) =>
  new FixtureHost(demoRows(Date.now()).filter(({ name }) => names.includes(name)));

/** An agent's page, on its doctor, before anything was asked. */
async function openTab(name: string, host = fleet(name)): Promise<FixtureHost> {
  await openWindow(host);
  await fireEvent.click(rowOf(name));
  await fireEvent.click(screen.getByTestId("tab-doctor"));
  await waitFor(() => expect(document.querySelector(".doctor .wait")).toBeNull());
  return host;
}

async function look(name: string, host = fleet(name)): Promise<FixtureHost> {
  await openTab(name, host);
  await fireEvent.click(screen.getByTestId("doctor-look"));
  await done();
  return host;
}

afterEach(() => vi.unstubAllGlobals());

describe("the doctor", () => {
  it("looks at once in the whole window for who presses d on a row, and names the cause", async () => {
    const host = await openWindow(fleet("weather-agent", "code-reviewer"));
    const start = vi.spyOn(host, "doctorStart");
    rowOf("weather-agent").focus();
    await press("d");
    await waitFor(() => expect(screen.getByTestId("doctor-progress")).toBeTruthy());
    const id = idOf(host, "weather-agent");
    expect(start).toHaveBeenCalledExactlyOnceWith(id, { symptom: null, hold: null, listen: false });
    expect(screen.getByTestId("agent-page").classList.contains("tall")).toBe(true);
    expect(document.activeElement).toBe(screen.getByTestId("doctor"));
    expect(screen.queryByTestId("diagnosis")).toBeNull();
    await done();
    expect(said("diagnosis-sentence")).toContain("clock is 74 s ahead");
    expect(said("diagnosis-remedy")).toContain("sudo timedatectl set-ntp true");
    expect(screen.getByTestId("diagnosis-proof").querySelectorAll("li")).toHaveLength(3);
    const folded = screen.getByTestId<HTMLDetailsElement>("diagnosis-ruled-out");
    expect([folded.open, said(folded.querySelector("summary") as Element)]).toEqual([false, "Ruled out (4)"]);
    expect(said("doctor-sum")).toMatch(/^3 wrong, 19 fine, 1 not asked\. Looked at .+, took 1\.0 s\.$/);
    await expectAccessible();
    await press("Escape");
    await waitFor(() => expect(screen.queryByTestId("doctor")).toBeNull());
    // The next page is beside the table again.
    await fireEvent.click(rowOf("code-reviewer"));
    expect(screen.getByTestId("agent-page").classList.contains("tall")).toBe(false);
  });

  it("opens from the agent's page and from the palette, too", async () => {
    const host = await openWindow(fleet("weather-agent", "code-reviewer"));
    const start = vi.spyOn(host, "doctorStart");
    await fireEvent.click(rowOf("code-reviewer"));
    expect(screen.queryByTestId("page-doctor"), "of one that is well").toBeNull();
    await fireEvent.click(rowOf("weather-agent"));
    await fireEvent.click(screen.getByTestId("page-doctor"));
    await done();
    await press("Escape");
    await fireEvent.click(rowOf("code-reviewer"));
    await fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    await fireEvent.input(await screen.findByTestId("palette-input"), {
      target: { value: "doctor of code" },
    });
    await press("Enter");
    await done();
    expect(start.mock.calls.map(([id]) => id)).toEqual(
      ["weather-agent", "code-reviewer"].map((name) => idOf(host, name)),
    );
    expect(screen.getByTestId("diagnosis").dataset.code).toBe("ok");
  });

  it("shows every check from the start, and each as it comes out", async () => {
    const host = await openTab("weather-agent");
    const seen = new Set<string>();
    const asked = vi.spyOn(host, "doctorLook");
    await fireEvent.click(screen.getByTestId("doctor-look"));
    await waitFor(() => expect(screen.getAllByTestId("check")).toHaveLength(23));
    expect(said("doctor-news"), "once, and not with every check").toBe("Looking…");
    const bar = screen.getByTestId("doctor-progress");
    expect(["valuenow", "valuemax", "valuetext"].map((each) => bar.getAttribute(`aria-${each}`))).toEqual([
      "0",
      "23",
      "0 of 23 looked at",
    ]);
    expect(new Set(results())).toEqual(new Set(["waiting"]));
    await waitFor(
      () => {
        results().forEach((result) => seen.add(result ?? ""));
        expect([...seen]).toEqual(expect.arrayContaining(["running", "ok", "bad", "not_asked"]));
        expect(screen.getByTestId("doctor-sum")).toBeTruthy();
      },
      { timeout: 10_000, interval: 20 },
    );
    expect(asked.mock.calls.length).toBeGreaterThan(2);
    expect(said(check("clock"))).toMatch(/^Clocks agree: wrong this computer's is 74 s ahead; .+ 39 ms/);
    expect(said(within(check("clock")).getByTestId("check-command"))).toMatch(/^date -u; curl /);
    expect(said(check("idle"))).toBe("Socket stays open: not asked not measured; ask for it above");
    expect(within(check("dns")).queryByTestId("check-command"), "of what is fine").toBeNull();
    const layers = [...screen.getByTestId("checks").querySelectorAll("h3")].map((each) => each.textContent);
    expect(layers).toEqual([
      "This computer",
      "The way to the registry",
      "The registry",
      "Its record",
      "Its connection",
      "Its beats",
      "The agent itself",
    ]);
  });

  it("is told what a person sees, and asked for what takes longer", async () => {
    const host = await openTab("code-reviewer");
    const start = vi.spyOn(host, "doctorStart");
    expect(said("doctor-none")).toContain("Nothing is changed by it.");
    await fireEvent.click(screen.getByTestId("doctor-drops"));
    await done();
    expect(start).toHaveBeenLastCalledWith(expect.anything(), {
      symptom: "drops",
      hold: null,
      listen: false,
    });
    expect(pressed("doctor-drops")).toBe("true");
    expect(pressed("doctor-look")).toBe("false");

    await fireEvent.click(screen.getByTestId("doctor-holds"));
    await fireEvent.click(screen.getByTestId("doctor-listen"));
    await fireEvent.input(screen.getByTestId("doctor-hold"), { target: { value: "a while" } });
    await fireEvent.click(screen.getByTestId("doctor-again"));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("doctor-hold")));
    expect(screen.getByTestId<HTMLDetailsElement>("doctor-options").open).toBe(true);
    expect(said("doctor-hold-problem")).toBe("Give a whole number from 0 on.");
    expect(start).toHaveBeenCalledTimes(1);
    // How long is too long, the engine knows.
    await fireEvent.input(screen.getByTestId("doctor-hold"), { target: { value: "901" } });
    await fireEvent.click(screen.getByTestId("doctor-again"));
    await waitFor(() =>
      expect(said("doctor-refused")).toBe("Sockets are not held open for 901 s. Give 1 to 900 seconds."),
    );
    await fireEvent.input(screen.getByTestId("doctor-hold"), { target: { value: "90" } });
    // Enter in the field asks for what was asked for.
    const form = screen.getByTestId<HTMLInputElement>("doctor-hold").form as HTMLFormElement;
    await fireEvent.submit(form);
    await waitFor(() =>
      expect(start).toHaveBeenLastCalledWith(expect.anything(), { symptom: "drops", hold: 90, listen: true }),
    );
    await done();
    expect(said(check("idle"))).toContain("held for 90 s");
    expect(said(check("second_copy"))).toContain("our beats rested");
    await expectAccessible();
  });

  it("is walked with keys, which copy a command and have it look again", async () => {
    const writeText = vi.fn(() => Promise.resolve());
    const host = await look("code-reviewer");
    vi.stubGlobal("navigator", { ...navigator, platform: "Linux", clipboard: { writeText } });
    const start = vi.spyOn(host, "doctorStart");
    screen.getByTestId("doctor").focus();
    await press("j");
    await waitFor(() => expect(focused()).toBe("own_network"));
    await press("j");
    await waitFor(() => expect(focused()).toBe("proxy"));
    await press("k");
    await press("End");
    await waitFor(() => expect(focused()).toBe("search"));
    await press("j");
    await waitFor(() => expect(focused()).toBe("search"));
    await press("Home");
    await waitFor(() => expect(focused()).toBe("own_network"));
    expect(document.querySelectorAll("[data-testid=check][tabindex='0']")).toHaveLength(1);
    await press("c");
    expect(writeText).toHaveBeenCalledExactlyOnceWith("ip route");
    await waitFor(() => expect(said(check("own_network"))).toMatch(/Copied$/));
    await press("d");
    await waitFor(() => expect(start).toHaveBeenCalledTimes(1));
    await press("f");
    await waitFor(() => expect(pressed("doctor-tall")).toBe("true"));
  });

  it("tells its outcome once to who does not see it, and not what was found before", async () => {
    const host = await look("weather-agent");
    const told = () => said("doctor-news");
    expect(told()).toMatch(/^This computer's clock is 74 s ahead.+ Set this computer's clock/);
    await fireEvent.click(screen.getByTestId("tab-key"));
    await fireEvent.click(screen.getByTestId("tab-doctor"));
    await done();
    expect(told()).toBe("");
    expect(said("diagnosis-sentence")).toContain("clock");
    expect(await host.doctorLook(idOf(host, "weather-agent"))).toMatchObject({ done: true });
  });

  it("stops when it is told to, and leaves what it has found so far", async () => {
    const host = await openTab("code-reviewer");
    await fireEvent.click(screen.getByTestId("doctor-look"));
    await waitFor(() => expect(results()).toContain("ok"));
    screen.getByTestId("doctor-stop").focus();
    await fireEvent.click(screen.getByTestId("doctor-stop"));
    await done();
    expect(document.activeElement).toBe(screen.getByTestId("doctor-again"));
    expect(said("doctor-news")).toMatch(/^Stopped, \d+ of 23 looked at\.$/);
    expect(said("doctor-sum")).toMatch(/^Stopped, \d+ of 23 looked at\.$/);
    expect(new Set(results())).toEqual(new Set(["ok", "not_asked"]));
    expect([screen.queryByTestId("diagnosis"), screen.queryByTestId("doctor-report-open")]).toEqual([
      null,
      null,
    ]);
    expect(await host.doctorLook(idOf(host, "code-reviewer"))).toBeNull();
    expect(screen.queryByTestId("doctor-lost")).toBeNull();
    await fireEvent.click(screen.getByTestId("doctor-again"));
    await screen.findByTestId("diagnosis", undefined, { timeout: 10_000 });
  });

  it("says why it could not look, and goes on when it can", async () => {
    const host = fleet("code-reviewer");
    const there = host.doctorLook.bind(host);
    host.doctorLook = () =>
      Promise.reject({ code: "engine.gone", sentence: "The engine does not answer.", remedy: "Restart it." });
    await openWindow(host);
    await fireEvent.click(rowOf("code-reviewer"));
    await fireEvent.click(screen.getByTestId("tab-doctor"));
    await waitFor(() => expect(said("doctor-error")).toBe("The engine does not answer. Restart it."));
    expect(said("doctor")).toMatch(/It is asked again by itself\.$/);
    host.doctorLook = there;
    await waitFor(() => expect(screen.getByTestId("doctor-none")).toBeTruthy(), { timeout: 5_000 });
    expect(screen.queryByTestId("doctor-error")).toBeNull();

    host.doctorStart = () =>
      Promise.reject({ code: "x", sentence: "It is only seen.", remedy: "Watch it first." });
    await fireEvent.click(screen.getByTestId("doctor-look"));
    await waitFor(() => expect(said("doctor-refused")).toBe("It is only seen. Watch it first."));
    expect(screen.getByTestId("doctor-none"), "and it can be asked again").toBeTruthy();
  });

  it("says that a run is gone when the engine was started again", async () => {
    const host = await openTab("code-reviewer");
    await fireEvent.click(screen.getByTestId("doctor-look"));
    await screen.findByTestId("doctor-progress");
    host.forgetRuns();
    await waitFor(() => expect(said("doctor-lost")).toContain("The run is gone."));
    expect(said("doctor-lost")).toMatch(/Choose above what you see, and it is looked at again\.$/);
    expect(said("doctor-news")).toBe("The run is gone.");
    expect(screen.queryByTestId("check")).toBeNull();
  });

  it("closes with the agent that is removed", async () => {
    const host = await look("code-reviewer", fleet("code-reviewer", "weather-agent"));
    screen.getByTestId("doctor").focus();
    await announce(host, () => host.drop(idOf(host, "code-reviewer")));
    await waitFor(() => expect(screen.queryByTestId("doctor")).toBeNull());
    await waitFor(() =>
      expect(document.activeElement, "and leaves nobody nowhere").toBe(rowOf("weather-agent")),
    );
  });

  it("closes with its report, too, when the agent is removed", async () => {
    const host = await look("code-reviewer", fleet("code-reviewer", "weather-agent"));
    screen.getByTestId("doctor-report-open").focus();
    await fireEvent.click(screen.getByTestId("doctor-report-open"));
    await screen.findByTestId("doctor-report");
    await announce(host, () => host.drop(idOf(host, "code-reviewer")));
    await waitFor(() => expect(screen.queryByTestId("doctor-report")).toBeNull());
    await waitFor(() => expect(document.activeElement).toBe(rowOf("weather-agent")));
  });
});

describe("the doctor's repairs", () => {
  it("open what is written to the registry", async () => {
    const host = fleet("tmp-experiment");
    const [row] = host.rows.values();
    if (row) host.put({ ...row, registry: { ...row.registry, registered: false } });
    await look("tmp-experiment", host);
    expect(screen.getByTestId("diagnosis").dataset.code).toBe("registry.not_registered");
    await fireEvent.click(screen.getByTestId("diagnosis-repair"));
    await waitFor(() =>
      expect(said(document.getElementById("write-dialog-title") as Element)).toBe("Register tmp-experiment"),
    );
  });

  it("wait as long as a registry asks for, and look again", async () => {
    const host = fleet("code-reviewer");
    let now = Date.now();
    const patient = new FixtureHost([...host.rows.values()], () => now);
    const look = patient.doctorLook.bind(patient);
    patient.doctorLook = async (id) => {
      const run = await look(id);
      return run?.diagnosis
        ? { ...run, diagnosis: { ...run.diagnosis, repair: "wait", wait_ms: 90_000 } }
        : run;
    };
    await openTab("code-reviewer", patient);
    await fireEvent.click(screen.getByTestId("doctor-inactive"));
    await done();
    const start = vi.spyOn(patient, "doctorStart");
    expect(said("diagnosis-wait")).toBe("Wait 1 min 30 s, then look again");
    await fireEvent.click(screen.getByTestId("diagnosis-wait"));
    expect(said("diagnosis-wait")).toBe("Do not wait");
    expect(start).not.toHaveBeenCalled();
    // What is looked through is what is saved: it is not looked at anew meanwhile.
    await fireEvent.click(screen.getByTestId("doctor-report-open"));
    const report = await screen.findByTestId("doctor-report");
    now += 91_000;
    await announce(patient, () => (patient.revision += 1));
    expect(start).not.toHaveBeenCalled();
    await fireEvent.keyDown(report, { key: "Escape" });
    await waitFor(() =>
      expect(start).toHaveBeenCalledExactlyOnceWith(expect.anything(), {
        symptom: "inactive",
        hold: null,
        listen: false,
      }),
    );
  });
});

describe("the doctor's report", () => {
  it("is looked through, copied and saved, as Markdown and as JSON", async () => {
    const host = await look("weather-agent");
    const save = vi.spyOn(host, "doctorSave");
    const writeText = vi.fn(() => Promise.resolve());
    vi.stubGlobal("navigator", { ...navigator, platform: "Linux", clipboard: { writeText } });
    await fireEvent.click(screen.getByTestId("doctor-report-open"));
    const dialog = await screen.findByTestId("doctor-report");
    const text = () => screen.getByTestId("doctor-report-text").textContent ?? "";
    const submit = () => fireEvent.submit(dialog.querySelector("form") as HTMLFormElement);
    const copy = () => within(dialog).getByTestId("copy");
    expect(text()).toMatch(/^# Doctor: weather-agent\n/);
    await expectAccessible();
    expect(copy().textContent).toBe("Copy Markdown");
    await fireEvent.click(copy());
    expect(writeText).toHaveBeenLastCalledWith(text());
    await submit();
    const id = idOf(host, "weather-agent");
    await waitFor(() => expect(said("doctor-report-saved")).toContain("/home/dev/weather-agent-doctor-"));
    const began = (await host.doctorLook(id))?.started_at;
    expect(save).toHaveBeenLastCalledWith(id, began, "markdown", expect.stringMatching(/-doctor-\d+\.md$/));

    await fireEvent.click(screen.getByTestId("report-json"));
    expect(screen.queryByTestId("doctor-report-saved")).toBeNull();
    expect(JSON.parse(text())).toMatchObject({ version: 1, diagnosis: { code: "clock.own" } });
    await fireEvent.click(copy());
    expect(writeText).toHaveBeenLastCalledWith(text());
    host.doctorSave = () =>
      Promise.reject({ code: "export.unwritable", sentence: "It cannot be written.", remedy: "" });
    await submit();
    await waitFor(() => expect(said("doctor-report-error")).toBe("It cannot be written."));
    await fireEvent.keyDown(dialog, { key: "Escape" });
    await waitFor(() => expect(screen.queryByTestId("doctor-report")).toBeNull());
    expect(screen.getByTestId("doctor")).toBeTruthy();
  });

  it("is saved as it was looked through, although somebody else had it look anew", async () => {
    let now = Date.now();
    const rows = fleet("weather-agent").rows.values();
    const host = await look("weather-agent", new FixtureHost([...rows], () => now));
    const save = vi.spyOn(host, "doctorSave");
    const id = idOf(host, "weather-agent");
    const shown = (await host.doctorLook(id))?.started_at;
    await fireEvent.click(screen.getByTestId("doctor-report-open"));
    const dialog = await screen.findByTestId("doctor-report");
    now += 60_000;
    const other = await host.doctorStart(id, { symptom: null, hold: null, listen: false });
    expect(other.started_at).not.toBe(shown);
    const submit = () => fireEvent.submit(dialog.querySelector("form") as HTMLFormElement);
    await submit();
    await waitFor(() => expect(said("doctor-report-saved")).toContain(`-doctor-${shown}.md`));
    expect(save).toHaveBeenLastCalledWith(id, shown, "markdown", expect.anything());
    host.forgetRuns();
    await submit();
    await waitFor(() => expect(said("doctor-report-error")).toContain("is not kept any more. Run it again."));
  });
});
