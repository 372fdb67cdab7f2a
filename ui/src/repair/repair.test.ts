import { fireEvent, screen, waitFor, within } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { idOf, said, type } from "../alerts/alerts.test-help";
import { expectAccessible, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import { problem } from "../host/fixture/problem";
import { demoRows } from "../host/fixture/rows";
import { EMPTY, writeOf } from "./draft";

/** Few agents: axe looks at everything. */
const fleet = (name: string) => new FixtureHost(demoRows(Date.now()).filter((row) => row.name === name));
const dialog = () => screen.queryByTestId("write-dialog");
const submit = () => fireEvent.submit(dialog()?.querySelector("form") as HTMLFormElement);
const value = (testid: string) => screen.getByTestId<HTMLInputElement>(testid).value;
const rested = () =>
  waitFor(() => expect(screen.getByTestId("write-submit").getAttribute("aria-disabled")).toBe("false"));
const step = (at: number) => within(screen.getAllByTestId("plan-step")[at] as HTMLElement);

async function openWrite(kind: string, name = "code-reviewer") {
  const host = fleet(name);
  const [row] = host.rows.values();
  if (row) host.put({ ...row, registry: { ...row.registry, registered: kind !== "register" } });
  await openWindow(host);
  const spies = { propose: vi.spyOn(host, "writePropose"), carryOut: vi.spyOn(host, "writeCarryOut") };
  await fireEvent.click(rowOf(name));
  await fireEvent.click(screen.getByTestId("more"));
  await fireEvent.click(screen.getByTestId(`write-${kind}`));
  await screen.findByTestId("write-dialog");
  return { host, id: idOf(host, name), ...spies };
}

describe("what is written to a registry", () => {
  it("is shown before anything is signed, and is signed and sent only then", async () => {
    const { host, id, propose, carryOut } = await openWrite("update");
    await type("write-url", " https://reviewer.example ");
    await expectAccessible();
    await submit();
    await screen.findByTestId("plan-steps");
    const write = { kind: "update", entity_url: "https://reviewer.example" };
    expect(propose).toHaveBeenCalledExactlyOnceWith(id, write);
    expect(carryOut).not.toHaveBeenCalled();
    expect(said("plan-sentence")).toBe("The record of code-reviewer gets another URL.");
    expect(document.activeElement).toBe(screen.getByTestId("plan-sentence"));
    const row = screen.getAllByTestId("plan-step")[0] as HTMLElement;
    expect(said(row)).toContain(`PUT https://zns01.zynd.ai/v1/entities/${id}`);
    expect(said(row)).toContain("Signed by the agent's key, exactly this");
    expect(step(0).getByTestId("plan-body").textContent).toContain("(signed when sent)");
    const [inner, outer] = step(0).getAllByTestId("plan-signed");
    expect(inner?.textContent).toBe('{"entity_url":"https://reviewer.example"}');
    expect(outer?.textContent).toContain("(signed when sent)");
    expect(said(row)).toContain("Signed by the agent's key, this with that signature in it");
    await expectAccessible();
    await submit();
    const { seal } = (await propose.mock.results[0]?.value) as { seal: string };
    await waitFor(() => expect(said("write-done")).toBe("Its record has the new URL."));
    expect(carryOut).toHaveBeenCalledExactlyOnceWith(id, write, seal);
    expect(said("write-step")).toBe("Change the record: done 200 updated");
    expect(host.written).toEqual([write]);
    await expectAccessible();
    // The doctor says whether it helped.
    await submit();
    await waitFor(() => expect(screen.getByTestId("doctor")).toBeTruthy());
    expect(dialog()).toBeNull();
  });

  it("warns of what a person should know, and is gone back from with nothing lost", async () => {
    await openWrite("update");
    await type("write-url", "http://127.0.0.1:5000");
    await submit();
    await waitFor(() => expect(said("plan-warnings")).toBe("Nobody but this computer reaches that URL."));
    await fireEvent.click(screen.getByTestId("write-back"));
    expect(value("write-url")).toBe("http://127.0.0.1:5000");
    expect(screen.queryByTestId("plan-steps")).toBeNull();
  });

  it("says what is missing, and keeps what was typed", async () => {
    const { host, id, propose } = await openWrite("register", "tmp-experiment");
    await type("write-summary", "Tries things");
    await type("write-tags", "a, b ,");
    await type("write-index", "x");
    await submit();
    expect(propose).not.toHaveBeenCalled();
    expect(document.activeElement).toBe(screen.getByTestId("write-index"));
    await type("write-index", "3");
    await submit();
    await waitFor(() =>
      expect(said("write-url-problem")).toBe(
        "Nobody says where the agent is published. Give its URL, such as https://agent.example.",
      ),
    );
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("write-url")));
    expect(screen.queryByTestId("write-error"), "it is said once").toBeNull();
    expect([value("write-summary"), value("write-tags")]).toEqual(["Tries things", "a, b ,"]);
    await expectAccessible();
    host.picked = "/home/dev/.zynd/developer.json";
    await fireEvent.click(screen.getByText("Browse…"));
    await waitFor(() => expect(value("write-developer")).toBe(host.picked));
    await type("write-url", "https://tmp.example");
    await submit();
    await screen.findByTestId("plan-steps");
    expect(propose).toHaveBeenLastCalledWith(id, {
      kind: "register",
      entity_url: "https://tmp.example",
      tags: ["a", "b"],
      summary: "Tries things",
      developer_path: "/home/dev/.zynd/developer.json",
      index: 3,
    });
    await submit();
    await waitFor(() => expect(said("write-done")).toContain("It is registered"));
  });

  it("is shown anew when it would be another now", async () => {
    const { host, carryOut } = await openWrite("update");
    await type("write-url", "https://reviewer.example");
    await submit();
    await screen.findByTestId("plan-steps");
    host.turns += 1;
    await submit();
    await waitFor(() => expect(said("write-error")).toContain("has changed since it was shown"));
    expect(host.written).toEqual([]);
    await rested();
    expect(screen.getByTestId("plan-steps")).toBeTruthy();
    await submit();
    await waitFor(() => expect(said("write-done")).toBe("Its record has the new URL."));
    expect(carryOut).toHaveBeenCalledTimes(2);
  });

  it("says what the registry refused, and asks again", async () => {
    const { host } = await openWrite("update");
    host.refuses = problem("write.rate_limited", "The registry takes no more for now.", "Try again in 60 s.");
    await type("write-url", "https://reviewer.example");
    await submit();
    await screen.findByTestId("plan-steps");
    await submit();
    await waitFor(() => expect(said("write-error")).toContain("takes no more for now"));
    expect(host.written).toEqual([]);
    await rested();
    await submit();
    await waitFor(() => expect(said("write-done")).toBe("Its record has the new URL."));
  });

  it("is not closed while it is sent, so that what became of it is seen", async () => {
    const { host, carryOut } = await openWrite("update");
    await type("write-url", "https://reviewer.example");
    await submit();
    await screen.findByTestId("plan-steps");
    let arrive = () => {};
    const arrives = new Promise<void>((resolve) => (arrive = resolve));
    carryOut.mockImplementation(async (...asked) => {
      await arrives;
      return FixtureHost.prototype.writeCarryOut.apply(host, asked);
    });
    await submit();
    const close = screen.getByTestId<HTMLButtonElement>("write-close");
    await waitFor(() => expect([said("write-submit"), close.disabled]).toEqual(["Sending…", true]));
    await fireEvent.keyDown(dialog() as HTMLElement, { key: "Escape" });
    await fireEvent.click(close);
    expect(dialog()).not.toBeNull();
    arrive();
    await waitFor(() => expect(said("write-done")).toBe("Its record has the new URL."));
    await fireEvent.click(screen.getByTestId("write-close"));
    await waitFor(() => expect(dialog()).toBeNull());
  });

  it("deletes a record only for who has seen what is sent, and types the agent's name", async () => {
    const { host, id, carryOut, propose } = await openWrite("deregister");
    const button = () => screen.getByTestId<HTMLButtonElement>("write-submit");
    await submit();
    await screen.findByTestId("plan-steps");
    expect(propose).toHaveBeenCalledWith(id, { kind: "deregister", confirm_name: "" });
    expect([button().disabled, button().classList.contains("danger")]).toEqual([true, true]);
    await type("write-typed", "code-review");
    expect(button().disabled).toBe(true);
    await submit();
    expect(carryOut).not.toHaveBeenCalled();
    await type("write-typed", "code-reviewer");
    expect(button().disabled).toBe(false);
    await expectAccessible();
    await submit();
    await waitFor(() => expect(said("write-done")).toBe("Its record is deleted."));
    expect(host.written).toEqual([{ kind: "deregister", confirm_name: "code-reviewer" }]);
    expect(screen.queryByTestId("write-submit"), "there is nothing to look at").toBeNull();
    await fireEvent.click(screen.getByTestId("write-close"));
    await waitFor(() => expect(dialog()).toBeNull());
  });

  it("never leaves who goes by keyboard nowhere", async () => {
    const { host, propose } = await openWrite("update");
    const at = () => (document.activeElement as HTMLElement).dataset.testid;
    expect(at()).toBe("write-url");
    await type("write-url", "https://reviewer.example");
    propose.mockRejectedValueOnce(problem("agent.unknown", "It is not in the configuration.", "Add it."));
    screen.getByTestId("write-submit").focus();
    await submit();
    await waitFor(() => expect(said("write-error")).toBe("It is not in the configuration. Add it."));
    const button = screen.getByTestId<HTMLButtonElement>("write-submit");
    expect([at(), button.disabled], "what is pressed is not disabled meanwhile").toEqual([
      "write-submit",
      false,
    ]);
    await submit();
    await waitFor(() => expect(at()).toBe("plan-sentence"));
    screen.getByTestId("write-back").focus();
    await fireEvent.click(screen.getByTestId("write-back"));
    await waitFor(() => expect(at()).toBe("write-url"));
    await submit();
    await waitFor(() => expect(at()).toBe("plan-sentence"));
    screen.getByTestId("write-submit").focus();
    await submit();
    await waitFor(() => expect(at()).toBe("write-done"));
    expect(host.written).toHaveLength(1);
    await submit();
    await waitFor(() => expect(at()).toBe("doctor"));
  });

  it("asks again, and says why, when what it would be now cannot be shown", async () => {
    const { host, propose } = await openWrite("update");
    await type("write-url", "https://reviewer.example");
    await submit();
    await screen.findByTestId("plan-steps");
    host.turns += 1;
    propose.mockRejectedValueOnce(problem("agent.unknown", "It is not in the configuration.", "Add it."));
    await submit();
    await waitFor(() => expect(said("write-error")).toBe("It is not in the configuration. Add it."));
    expect(screen.queryByTestId("plan-steps")).toBeNull();
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("write-url")));
  });

  it("goes on with the agent under its next id", async () => {
    const { host, id } = await openWrite("next_index");
    await submit();
    await screen.findByTestId("plan-warnings");
    expect(step(0).getAllByTestId("plan-signed")).toHaveLength(2);
    expect(said(screen.getByTestId("plan-step"))).toContain("Signed by the developer's key, exactly this");
    await submit();
    await waitFor(() => expect(said("write-done")).toContain("beats from now on"));
    const now = idOf(host, "code-reviewer");
    expect(now).not.toBe(id);
    await waitFor(() => expect(screen.getByTestId("agent-page").dataset.id).toBe(now));
  });

  it("is offered by the palette, too", async () => {
    await openWindow(fleet("code-reviewer"));
    await fireEvent.click(rowOf("code-reviewer"));
    await fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    await fireEvent.input(await screen.findByTestId("palette-input"), {
      target: { value: "deregister code" },
    });
    await fireEvent.keyDown(screen.getByTestId("palette-input"), { key: "Enter" });
    await waitFor(() => expect(dialog()).toBeTruthy());
    expect(dialog()?.textContent).toContain("Deregister code-reviewer");
    await fireEvent.keyDown(dialog() as HTMLElement, { key: "Escape" });
    await waitFor(() => expect(dialog()).toBeNull());
  });
});

describe("what is typed of a write", () => {
  it("leaves out what was not typed", () => {
    expect(writeOf("register", { ...EMPTY, tags: " , " })).toEqual({ kind: "register" });
    expect(writeOf("next_index", EMPTY)).toEqual({ kind: "next_index" });
    expect(writeOf("next_index", { ...EMPTY, developer: " /d.json ", url: "https://a" })).toEqual({
      kind: "next_index",
      developer_path: "/d.json",
      entity_url: "https://a",
    });
    expect(writeOf("deregister", { ...EMPTY, typed: "a " })).toEqual({
      kind: "deregister",
      confirm_name: "a ",
    });
  });
});
