import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { browserHost } from "./browser";

class Events extends EventTarget {
  static last: Events;
  constructor(readonly url: string) {
    super();
    Events.last = this;
  }
  say(event: string, data: string): void {
    this.dispatchEvent(new MessageEvent(event, { data }));
  }
}

const answers = (status: number, body: unknown) =>
  vi.fn<typeof fetch>(() => Promise.resolve(new Response(JSON.stringify(body), { status })));

/** What the last request asked. */
function asked(fetch: ReturnType<typeof answers>): unknown {
  const [url, request] = fetch.mock.lastCall ?? [];
  expect([url, request?.method]).toEqual(["/command", "POST"]);
  expect(request?.headers).toEqual({ "Content-Type": "application/json" });
  return JSON.parse(String(request?.body));
}

beforeEach(() => {
  vi.stubGlobal("EventSource", Events);
});
afterEach(() => {
  vi.unstubAllGlobals();
});

describe("the host in a browser", () => {
  it("asks in the engine's own words", async () => {
    const fetch = answers(200, { id: "zns:1", name: "a" });
    vi.stubGlobal("fetch", fetch);
    const host = browserHost();
    await host.fleetDelta(7);
    expect(asked(fetch)).toEqual({ command: "fleet_delta", since: 7 });
    expect(
      await host.agentImport("/k.json", "r", null, null, { loose: true, service: true, project: "/p" }),
    ).toEqual({
      id: "zns:1",
      name: "a",
    });
    expect(asked(fetch)).toEqual({
      command: "agent_import",
      path: "/k.json",
      registry: "r",
      name: null,
      replace: null,
      allow_loose: true,
      kind: "service",
      project: "/p",
    });
    await host.agentDerive("/d.json", 3, "r", "a", null);
    expect(asked(fetch)).toEqual({
      command: "agent_derive",
      developer_path: "/d.json",
      index: 3,
      registry: "r",
      name: "a",
      replace: null,
    });
    await host.agentRemove("zns:1", "a", true);
    expect(asked(fetch)).toEqual({
      command: "agent_remove",
      id: "zns:1",
      confirm_name: "a",
      delete_key: true,
    });
    await host.registries();
    expect(asked(fetch)).toEqual({ command: "registries" });
    await host.registryAdd("r", "http://r");
    expect(asked(fetch)).toEqual({ command: "registry_add", name: "r", url: "http://r" });
    await host.registryAdd("c", "http://c", { dialect: "artcafe", organization: "acme", challenge: null });
    expect(asked(fetch)).toEqual({
      command: "registry_add",
      name: "c",
      url: "http://c",
      dialect: "artcafe",
      organization: "acme",
      challenge: null,
    });
    const bus = { name: "t", url: "redis://h", password: "p", watch: true, team: false, force: false };
    await host.busAdd(bus);
    expect(asked(fetch)).toEqual({ command: "bus_add", ...bus });
    await host.agentOnBus("t", "worker", "agent", 10);
    expect(asked(fetch)).toEqual({
      command: "agent_on_bus",
      bus: "t",
      name: "worker",
      beats: "agent",
      interval: 10,
    });
  });

  it("asks for alerts in the engine's own words", async () => {
    const fetch = answers(200, []);
    vi.stubGlobal("fetch", fetch);
    const host = browserHost();
    await host.incidents({ id: null, open_only: true, limit: 50, before: "7/zns:1" });
    expect(asked(fetch)).toEqual({
      command: "incidents",
      id: null,
      open_only: true,
      limit: 50,
      before: "7/zns:1",
    });
    await host.blackBox("zns:1", 5);
    expect(asked(fetch)).toEqual({ command: "black_box", id: "zns:1", opened_at: 5 });
    await host.deliveryRetry(9, "team");
    expect(asked(fetch)).toEqual({ command: "delivery_retry", notice: 9, channel: "team" });
    await host.drillStop();
    expect(asked(fetch)).toEqual({ command: "drill_stop" });
  });

  it("saves a black box that is there", async () => {
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    vi.stubGlobal("fetch", answers(200, { markdown: "# a", json: {} }));
    expect(await browserHost().blackBoxSave("zns:1", 5, "a.md")).toBe("a.md");
    expect(click).toHaveBeenCalledTimes(1);
    vi.stubGlobal("fetch", answers(200, null));
    expect(await browserHost().blackBoxSave("zns:1", 5, "a.md")).toBeNull();
    expect(click).toHaveBeenCalledTimes(1);
  });

  it("asks the doctor in the engine's own words, and for what is written to a registry", async () => {
    const fetch = answers(200, null);
    vi.stubGlobal("fetch", fetch);
    const host = browserHost();
    await host.doctorStart("zns:1", { symptom: "drops", hold: 60, listen: true });
    expect(asked(fetch)).toEqual({
      command: "doctor_start",
      id: "zns:1",
      symptom: "drops",
      hold: 60,
      listen: true,
    });
    await host.doctorLook("zns:1");
    expect(asked(fetch)).toEqual({ command: "doctor_look", id: "zns:1" });
    await host.doctorStop("zns:1");
    expect(asked(fetch)).toEqual({ command: "doctor_stop", id: "zns:1" });
    const write = { kind: "update", entity_url: "https://a" } as const;
    await host.writePropose("zns:1", write);
    expect(asked(fetch)).toEqual({ command: "write_propose", id: "zns:1", write });
    await host.writeCarryOut("zns:1", write, "s");
    expect(asked(fetch)).toEqual({ command: "write_carry_out", id: "zns:1", write, seal: "s" });
  });

  it("saves what the doctor found once it is done, of the run that was shown", async () => {
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    const saved = vi.spyOn(URL, "createObjectURL");
    const save = async (run: unknown) => {
      const fetch = answers(200, run);
      vi.stubGlobal("fetch", fetch);
      const name = await browserHost().doctorSave("zns:1", 5, "json", "a.json");
      expect(asked(fetch)).toEqual({ command: "doctor_look", id: "zns:1", started_at: 5 });
      return name;
    };
    expect(await save({ done: false, markdown: null, json: null })).toBeNull();
    click.mockClear();
    expect(await save({ done: true, markdown: "# a", json: { version: 1 } })).toBe("a.json");
    expect(click).toHaveBeenCalledTimes(1);
    const blob = saved.mock.lastCall?.[0] as Blob;
    expect(await blob.text()).toBe('{\n  "version": 1\n}\n');
  });

  it("passes a refusal on as it is", async () => {
    const refusal = { code: "key.locked", sentence: "The keychain is locked.", remedy: "Unlock it." };
    vi.stubGlobal("fetch", answers(422, refusal));
    await expect(browserHost().agentRetry("zns:1")).rejects.toEqual(refusal);
  });

  it("says that the bridge is gone", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
    await expect(browserHost().registries()).rejects.toMatchObject({
      code: "bridge.gone",
      sentence: "The bridge does not answer.",
    });
  });

  it("hears of revisions and of agents to open, until it is told to stop", () => {
    const host = browserHost();
    const heard: unknown[] = [];
    const end = host.onFleetChanged((revision) => heard.push(revision));
    host.onOpenAgents((ids) => heard.push(ids));
    expect(Events.last.url).toBe("/events");
    Events.last.say("fleet-changed", "12");
    Events.last.say("open-agents", '["zns:1","zns:2"]');
    end();
    Events.last.say("fleet-changed", "13");
    expect(heard).toEqual([12, ["zns:1", "zns:2"]]);
  });

  it("has a path typed", async () => {
    const prompt = vi.fn(() => " /keys/a.json ");
    vi.stubGlobal("prompt", prompt);
    expect(await browserHost().pickFile("Key file")).toBe("/keys/a.json");
    expect(prompt).toHaveBeenCalledWith("Key file: its full path");
    vi.stubGlobal("prompt", () => null);
    expect(await browserHost().pickFolder("Projects")).toBeNull();
  });

  it("saves an export as the browser does", async () => {
    const fetch = answers(200, { text: "a,b", rows: 1 });
    vi.stubGlobal("fetch", fetch);
    vi.setSystemTime(10_000_000);
    const click = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    expect(await browserHost().agentExport("zns:1", 1, "csv", "a-1h.csv")).toBe("a-1h.csv");
    expect(asked(fetch)).toEqual({
      command: "agent_export",
      id: "zns:1",
      from: 6_400_000,
      to: 10_000_000,
      format: "csv",
    });
    expect(click.mock.contexts[0]).toMatchObject({ download: "a-1h.csv" });
    vi.useRealTimers();
  });
});
