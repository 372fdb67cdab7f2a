import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, openWindow, rowOf } from "../app.test-help";
import { said, type } from "../alerts/alerts.test-help";
import { FixtureHost } from "../host/fixture";
import { field } from "../host/fixture/field";
import { QUIET_BUS } from "../host/fixture/buses";
import { lostWords, parted } from "./words";

const press = (key: string, held: KeyboardEventInit = {}) =>
  fireEvent.keyDown(document.activeElement ?? document.body, { key, ...held });
const lineOf = (name: string) => {
  const found = screen.getAllByTestId("bus").find((line) => line.dataset.name === name);
  if (!found) throw new Error(`no bus ${name}`);
  return found;
};
const part = (name: string, testid: string) => within(lineOf(name)).getByTestId(testid);
const value = (testid: string) => screen.getByTestId<HTMLInputElement>(testid).value;

async function openBuses(host = field(Date.now())): Promise<FixtureHost> {
  await openWindow(host);
  await press("b");
  await waitFor(() => expect(document.querySelector("dialog[open] .wait")).toBeNull());
  return host;
}

describe("the buses", () => {
  it("say how they do, who is there and what was lost", async () => {
    await openBuses();
    expect(said(part("team", "bus-state"))).toBe("reachable · heard live");
    expect(said(part("team", "bus-agents"))).toBe("2 configured here · 3 only seen");
    expect(said(part("team", "bus-lost"))).toBe("12 unusable messages (it is not JSON)");
    expect(said(part("archive", "bus-state"))).toBe("connection refused for 14 min");
    expect(said(part("archive", "bus-agents"))).toBe("0 configured here · others are not shown");
    expect(within(lineOf("archive")).queryByTestId("bus-lost")).toBeNull();
    await expectAccessible();
  });

  it("open from the line of registries where there is one, from the palette, and by key outside the alerts", async () => {
    await openWindow(field(Date.now()));
    await fireEvent.click(screen.getByTestId("buses-open"));
    await screen.findByTestId("buses");
    await fireEvent.click(screen.getByTestId("buses-close"));
    expect(screen.queryByTestId("buses-dialog")).toBeNull();
    await press("a");
    await press("b");
    expect(screen.queryByTestId("buses-dialog")).toBeNull();
    await press("Escape");
    await press("k", { ctrlKey: true });
    await fireEvent.input(screen.getByTestId("palette-input"), { target: { value: "redis buses" } });
    await press("Enter");
    await screen.findByTestId("buses");
  });

  it("are no matter of the window where there is none", async () => {
    await openWindow();
    expect(screen.queryByTestId("buses-open")).toBeNull();
  });

  it("are tested, and the test says what is wrong with its remedy", async () => {
    const host = await openBuses();
    let answer = (): void => undefined;
    vi.spyOn(host, "busTest").mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    await fireEvent.click(part("team", "bus-test"));
    expect(said(part("team", "bus-tested"))).toBe("Asking its server…");
    answer();
    await waitFor(() => expect(said(part("team", "bus-tested"))).toBe("Its server answers"));
    host.buses = host.buses.map((face) => ({ ...face, url: "redis://silent" }));
    await fireEvent.click(part("archive", "bus-test"));
    await waitFor(() =>
      expect(said(part("archive", "bus-tested"))).toBe(
        'The bus "archive" does not answer as it should: connection refused. Check its address, its user and its password.',
      ),
    );
  });

  it("are removed when it is said twice, and not while agents are configured there", async () => {
    const host = await openBuses();
    const remove = vi.spyOn(host, "busRemove");
    await fireEvent.click(part("archive", "bus-remove"));
    expect(part("archive", "bus-remove").textContent).toBe("Really remove");
    await fireEvent.blur(part("archive", "bus-remove"));
    expect(remove).not.toHaveBeenCalled();
    await fireEvent.click(part("archive", "bus-remove"));
    await fireEvent.click(part("archive", "bus-remove"));
    await waitFor(() => expect(screen.getAllByTestId("bus")).toHaveLength(1));
    await fireEvent.click(part("team", "bus-remove"));
    await fireEvent.click(part("team", "bus-remove"));
    await waitFor(() =>
      expect(said("buses-error")).toBe(
        '2 configured agents are at the bus "team". Remove them first: `beatkeeper agent remove`.',
      ),
    );
  });
});

describe("adding a bus", () => {
  it("hands the password over and leaves it nowhere in the page", async () => {
    const host = await openBuses(new FixtureHost());
    const add = vi.spyOn(host, "busAdd");
    expect(said("buses-none")).toBe("No bus yet.");
    await fireEvent.click(screen.getByTestId("bus-add"));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("bus-url")));
    await expectAccessible();
    await type("bus-url", " redis://alice:s%20cret@redis.example:6379 ");
    await fireEvent.change(screen.getByTestId("bus-url"));
    expect(value("bus-url")).toBe("redis://alice@redis.example:6379");
    expect(value("bus-password")).toBe("s cret");
    expect(screen.getByTestId<HTMLInputElement>("bus-password").type).toBe("password");
    await type("bus-name", " crew ");
    await fireEvent.click(screen.getByTestId("bus-team"));
    await fireEvent.click(screen.getByTestId("bus-submit"));
    await waitFor(() => expect(lineOf("crew")).toBeTruthy());
    expect(add).toHaveBeenCalledWith({
      name: "crew",
      url: "redis://alice@redis.example:6379",
      password: "s cret",
      watch: true,
      team: true,
      force: false,
    });
    const fields = [...document.querySelectorAll("input")].map((input) => input.value);
    expect([...fields, document.documentElement.outerHTML].join()).not.toMatch(/s( |%20)cret/);
    await fireEvent.click(screen.getByTestId("bus-add"));
    expect([value("bus-url"), value("bus-password")]).toEqual(["", ""]);
  });

  it("asks for what is missing before it asks the engine", async () => {
    const host = await openBuses(new FixtureHost());
    const add = vi.spyOn(host, "busAdd");
    await fireEvent.click(screen.getByTestId("bus-add"));
    await fireEvent.click(screen.getByTestId("bus-submit"));
    expect(said("bus-error")).toBe("Give the server's address.");
    await type("bus-url", "redis://127.0.0.1");
    await fireEvent.click(screen.getByTestId("bus-submit"));
    expect(said("bus-error")).toBe("Give the bus a name.");
    expect(add).not.toHaveBeenCalled();
  });

  it("is refused in words, keeps what was typed, and can be insisted on for this server alone", async () => {
    const host = await openBuses(new FixtureHost());
    const add = vi.spyOn(host, "busAdd");
    await fireEvent.click(screen.getByTestId("bus-add"));
    await type("bus-url", "redis://silent.example");
    await type("bus-name", "crew");
    await type("bus-password", "hush");
    await fireEvent.click(screen.getByTestId("bus-submit"));
    await waitFor(() =>
      expect(said("bus-error")).toBe(
        'The bus "crew" does not answer as it should: connection refused. Check its address, its user and its password.',
      ),
    );
    expect(value("bus-password")).toBe("hush");
    await expectAccessible();
    await type("bus-url", "redis://silent.example:1");
    expect(screen.queryByTestId("bus-force")).toBeNull();
    await fireEvent.click(screen.getByTestId("bus-submit"));
    await fireEvent.click(await screen.findByTestId("bus-force"));
    await waitFor(() => expect(lineOf("crew")).toBeTruthy());
    expect(add.mock.lastCall?.[0]).toMatchObject({ password: "hush", force: true });
  });

  it("is left with Escape, first to the buses and then to the window", async () => {
    await openBuses();
    await fireEvent.click(screen.getByTestId("bus-add"));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("bus-url")));
    await press("Escape");
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("bus-add")));
    await press("Escape");
    expect(screen.queryByTestId("buses-dialog")).toBeNull();
  });

  it("is a door of the empty window, which leads to the buses as soon as there is one", async () => {
    const host = await openWindow(new FixtureHost());
    await fireEvent.click(screen.getByTestId("empty-bus"));
    await type("bus-url", "redis://127.0.0.1:6379");
    await type("bus-name", "crew");
    await fireEvent.click(screen.getByTestId("bus-submit"));
    await waitFor(() => expect(lineOf("crew")).toBeTruthy());
    await fireEvent.click(screen.getByTestId("buses-close"));
    await waitFor(() => expect(host.pulled).toBe(host.revision));
    await fireEvent.click(screen.getByTestId("empty-bus"));
    await screen.findByTestId("buses");
  });
});

describe("an agent that is only seen", () => {
  it("is taken in from its page, and can be set up and removed then", async () => {
    const host = await openWindow(field(Date.now()));
    const add = vi.spyOn(host, "agentOnBus");
    await fireEvent.click(rowOf("crawler-1"));
    expect(screen.queryByTestId("pause-toggle")).toBeNull();
    await fireEvent.click(screen.getByTestId("more"));
    expect(screen.queryByTestId("remove-agent")).toBeNull();
    await fireEvent.click(screen.getByTestId("watch-agent"));
    expect(add).toHaveBeenCalledWith("team", "crawler-1", "agent", 30);
    await waitFor(() => expect(screen.queryByTestId("watch-agent")).toBeNull());
    expect(screen.getByTestId("pause-toggle")).toBeTruthy();
  });

  it("is taken in with others that are selected, and only they are", async () => {
    const host = await openWindow(field(Date.now()));
    const add = vi.spyOn(host, "agentOnBus");
    await press("a", { ctrlKey: true });
    expect(said("bulk-watch")).toBe("Watch 3");
    await fireEvent.click(screen.getByTestId("bulk-watch"));
    await waitFor(() => expect(add).toHaveBeenCalledTimes(3));
    await waitFor(() => expect(screen.queryByTestId("bulk-watch")).toBeNull());
  });
});

it("a password is parted from its address as the address has it", () => {
  expect(parted(" rediss://bob:a%2Fb@h:1/2 ")).toEqual({ address: "rediss://bob@h:1/2", password: "a/b" });
  expect(parted("redis://:100%@h")).toEqual({ address: "redis://h", password: "100%" });
  for (const plain of ["redis://bob@h", "127.0.0.1:6379", "redis://:half", ""])
    expect(parted(plain)).toEqual({ address: plain, password: null });
});

it("what was lost is said only where something was", () => {
  expect(lostWords(null)).toEqual([]);
  expect(lostWords(QUIET_BUS)).toEqual([]);
  expect(lostWords({ ...QUIET_BUS, dropped: 1_200 })).toEqual(["1,200 messages came too fast to be read"]);
  expect(lostWords({ ...QUIET_BUS, turned_away: 8, unusable: 1, last_unusable: "not JSON" })).toEqual([
    "more agents than are shown",
    "1 unusable message (not JSON)",
  ]);
});
