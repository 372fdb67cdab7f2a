import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { alertsHost, openAlerts, said, type } from "./alerts.test-help";
import { draftOf, entryOf } from "./draft";

const lineOf = (name: string) => {
  const found = screen.getAllByTestId("channel").find((line) => line.dataset.name === name);
  if (!found) throw new Error(`no channel ${name}`);
  return found;
};
const button = (name: string, testid: string) => within(lineOf(name)).getByTestId(testid);
const stateOf = (name: string) => said(button(name, "channel-state"));

describe("the channels", () => {
  it("begin with the desktop, and each says how it does", async () => {
    await openAlerts("channels", alertsHost(4));
    expect(screen.getAllByTestId("channel").map((line) => line.dataset.name)).toEqual([
      "desktop",
      "team",
      "phone",
      "on-call mail",
    ]);
    expect(stateOf("desktop")).toMatch(/^delivered 1 min( \d s)? ago$/);
    expect(stateOf("team")).toBe(
      "failing, last delivered 26 min ago: hooks.example answered 503 Service Unavailable. · 1 waiting · 1 not delivered",
    );
    expect(stateOf("on-call mail")).toBe("switched off · nothing delivered since Beatkeeper started");
    expect(said(lineOf("phone"))).toContain("only offline, recovered");
    expect(within(lineOf("desktop")).queryByTestId("channel-remove")).toBeNull();
    await expectAccessible();
  });

  it("are tested, and the test says how long it took or what went wrong", async () => {
    const host = alertsHost();
    let answer = (): void => undefined;
    await openAlerts("channels", host);
    const test = vi.spyOn(host, "channelTest");
    test.mockImplementationOnce(() => new Promise((resolve) => (answer = () => resolve({ ms: 84 }))));
    await fireEvent.click(button("phone", "channel-test"));
    expect(said(button("phone", "channel-tested"))).toBe("Sending a test…");
    await fireEvent.click(button("phone", "channel-test"));
    expect(test).toHaveBeenCalledTimes(1);
    answer();
    await waitFor(() => expect(said(button("phone", "channel-tested"))).toBe("Test delivered in 84 ms"));
    await fireEvent.click(button("team", "channel-test"));
    await waitFor(() =>
      expect(said(button("team", "channel-tested"))).toBe(
        "Test failed: hooks.example answered 503 Service Unavailable. Check its address.",
      ),
    );
  });

  it("are switched on and off, the desktop by the rules", async () => {
    const host = await openAlerts("channels");
    const save = vi.spyOn(host, "channelSave");
    await fireEvent.click(button("on-call mail", "channel-enabled"));
    await waitFor(() => expect(stateOf("on-call mail")).toBe("nothing delivered since Beatkeeper started"));
    expect(save).toHaveBeenCalledWith(
      expect.objectContaining({ name: "on-call mail", enabled: true, host: "smtp.example" }),
      null,
      "on-call mail",
    );
    await fireEvent.click(button("desktop", "channel-enabled"));
    await waitFor(() => expect(host.rules.desktop).toBe(false));
  });

  it("are removed when it is said twice", async () => {
    await openAlerts("channels");
    await fireEvent.click(button("phone", "channel-remove"));
    expect(button("phone", "channel-remove").textContent).toBe("Really remove");
    await fireEvent.blur(button("phone", "channel-remove"));
    expect(button("phone", "channel-remove").textContent).toBe("Remove");
    await fireEvent.click(button("phone", "channel-remove"));
    await fireEvent.click(button("phone", "channel-remove"));
    await waitFor(() => expect(screen.getAllByTestId("channel")).toHaveLength(3));
  });

  it("have their dead letters tried again", async () => {
    const host = await openAlerts("channels");
    const retry = vi.spyOn(host, "deliveryRetry");
    await waitFor(() =>
      expect(said("dead-letter")).toContain("weather-agent went stale to team, tried 8 times"),
    );
    await fireEvent.click(screen.getByTestId("dead-letter-retry"));
    expect(retry).toHaveBeenCalledWith(expect.any(Number), "team");
    await waitFor(() => expect(screen.queryByTestId("dead-letters")).toBeNull());
  });

  it("offer to try again what can be, and say why something cannot", async () => {
    const host = await openAlerts("channels");
    const retry = vi.spyOn(host, "deliveryRetry");
    await fireEvent.click(button("team", "channel-enabled"));
    await waitFor(() =>
      expect(said("dead-letter-no-retry")).toBe(
        'The channel "team" is switched off. Switch it on to have it tried again.',
      ),
    );
    expect(screen.queryByTestId("dead-letter-retry")).toBeNull();
    await fireEvent.click(button("team", "channel-enabled"));
    await waitFor(() => expect(screen.queryByTestId("dead-letter-no-retry")).toBeNull());
    await fireEvent.click(button("team", "channel-remove"));
    await fireEvent.click(button("team", "channel-remove"));
    await waitFor(() => expect(said("dead-letter-no-retry")).toContain('no channel "team" any more'));
    expect(screen.queryByTestId("dead-letter-retry")).toBeNull();
    expect(retry).not.toHaveBeenCalled();
    await expectAccessible();
  });

  it("say when nobody can tell whether they have their secret", async () => {
    const host = alertsHost(4);
    host.list = host.list.map((each) => ({ ...each, secret_problem: "the keychain did not answer" }));
    await openAlerts("channels", host);
    expect(stateOf("phone")).toMatch(/^delivered .* ago · the keychain did not answer$/);
  });

  it("say why they cannot be read", async () => {
    const host = new FixtureHost();
    host.channels = () => Promise.reject({ code: "x", sentence: "No answer.", remedy: "Wait." });
    await openAlerts("rules", host);
    await fireEvent.click(screen.getByTestId("alerts-tab-channels"));
    await waitFor(() => expect(said("channels-error")).toBe("No answer. Wait."));
  });
});

describe("a channel's form", () => {
  it("adds one, with what its kind has and a secret that is only written", async () => {
    const host = await openAlerts("channels", alertsHost(4));
    const save = vi.spyOn(host, "channelSave");
    await fireEvent.click(screen.getByTestId("channel-add"));
    await type("channel-name", "ops");
    expect(screen.getByTestId("channel-url")).toBeTruthy();
    await fireEvent.change(screen.getByTestId("channel-kind"), { target: { value: "email" } });
    expect(screen.queryByTestId("channel-url")).toBeNull();
    await type("channel-host", "smtp.example.org");
    await type("channel-port", 465);
    await fireEvent.change(screen.getByTestId("channel-tls"), { target: { value: "tls" } });
    await type("channel-from", "a@example.org");
    await type("channel-to", "b@example.org, c@example.org");
    expect(screen.getByTestId<HTMLInputElement>("channel-secret").type).toBe("password");
    await type("channel-secret", "s3cret");
    await fireEvent.click(screen.getByTestId("channel-only-late"));
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("channel-save"));
    await waitFor(() => expect(screen.queryByTestId("channel-dialog")).toBeNull());
    expect(save).toHaveBeenCalledWith(
      {
        name: "ops",
        kind: "email",
        enabled: true,
        only: ["stale", "offline", "flapping", "gave_up", "reminder", "recovered"],
        host: "smtp.example.org",
        port: 465,
        tls: "tls",
        from: "a@example.org",
        to: ["b@example.org", "c@example.org"],
      },
      "s3cret",
      null,
    );
    await waitFor(() => expect(lineOf("ops")).toBeTruthy());
  });

  it("changes one under its old name, and leaves the secret alone or removes it", async () => {
    const host = await openAlerts("channels");
    const save = vi.spyOn(host, "channelSave");
    await fireEvent.click(button("team", "channel-edit"));
    expect(screen.getByTestId<HTMLInputElement>("channel-url").value).toBe(
      "https://hooks.example/beatkeeper",
    );
    expect(screen.getByTestId<HTMLInputElement>("channel-secret").value).toBe("");
    await type("channel-name", "crew");
    await fireEvent.click(screen.getByTestId("channel-save"));
    await waitFor(() =>
      expect(save).toHaveBeenCalledWith(expect.objectContaining({ name: "crew" }), null, "team"),
    );
    await waitFor(() => expect(lineOf("crew")).toBeTruthy());
    await fireEvent.click(button("crew", "channel-edit"));
    await fireEvent.click(screen.getByTestId("channel-forget"));
    await fireEvent.click(screen.getByTestId("channel-save"));
    await waitFor(() => expect(save).toHaveBeenLastCalledWith(expect.anything(), "", "crew"));
  });

  it("shows what will be sent while templates are typed, and what is wrong with them", async () => {
    await openAlerts("channels");
    await fireEvent.click(screen.getByTestId("channel-add"));
    await type("channel-url", "https://hooks.example/x");
    await type("channel-title", "[{registry}] {title}");
    await waitFor(() => expect(said("preview")).toContain("[zns01] weather-agent went stale"));
    expect(said("preview-payload")).toContain('"title": "[zns01] weather-agent went stale"');
    await fireEvent.change(screen.getByTestId("preview-kind"), { target: { value: "recovered" } });
    await waitFor(() => expect(said("preview")).toContain("weather-agent recovered"));
    await type("channel-body", "{nonsense}");
    await waitFor(() =>
      expect(said("preview-problem")).toMatch(/^There is no field \{nonsense\}\. There are title, /),
    );
  });

  it("asks for one preview when typing rests", async () => {
    const host = await openAlerts("channels");
    await fireEvent.click(screen.getByTestId("channel-add"));
    const asked = vi.spyOn(host, "channelPreview");
    for (const title of ["a", "ab", "abc"]) await type("channel-title", title);
    await waitFor(() => expect(asked).toHaveBeenCalled());
    expect(asked).toHaveBeenCalledTimes(1);
    expect(asked.mock.lastCall?.[0].title).toBe("abc");
  });

  it("keeps what was typed when it is refused", async () => {
    await openAlerts("channels");
    await fireEvent.click(screen.getByTestId("channel-add"));
    await type("channel-name", "team");
    await fireEvent.click(screen.getByTestId("channel-save"));
    await waitFor(() =>
      expect(said("channel-error")).toBe('There is a channel "team" already. Give it another name.'),
    );
    expect(screen.getByTestId<HTMLInputElement>("channel-name").value).toBe("team");
  });
});

describe("entryOf", () => {
  const made = (change: object) => entryOf({ ...draftOf(null), name: " x ", ...change });
  const rest = { name: "x", enabled: true };

  it("has the fields of its kind only", () => {
    expect(made({ kind: "webhook", url: " https://a ", topic: "t" })).toEqual({
      ...rest,
      kind: "webhook",
      url: "https://a",
    });
    expect(made({ kind: "slack", url: "https://a" })).toEqual({ ...rest, kind: "slack" });
    expect(made({ kind: "ntfy", topic: "t" })).toEqual({
      ...rest,
      kind: "ntfy",
      url: "https://ntfy.sh",
      topic: "t",
    });
    expect(made({ kind: "command", program: "/bin/x", args: "-a\n\nb c" })).toEqual({
      ...rest,
      kind: "command",
      program: "/bin/x",
      args: ["-a", "b c"],
    });
  });

  it("leaves out an address that is none yet", () => {
    expect(made({ kind: "webhook", url: "hooks" })).toEqual({ ...rest, kind: "webhook" });
  });

  it("comes back as it was", () => {
    for (const { entry } of alertsHost().list) if (entry) expect(entryOf(draftOf(entry))).toEqual(entry);
  });
});
