import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";

import { announce, expectAccessible, names, openWindow, rowOf, rows } from "../app.test-help";
import type { AgentRow } from "../host/bindings/AgentRow";
import { FixtureHost } from "../host/fixture";
import { healthyRow } from "../host/fixture/rows";
import { linesOf } from "../lib/lines";

const groups = () =>
  screen.queryAllByTestId("group").map((each) => each.textContent?.replace(/\s+/g, " ").trim());
const group = (word: string) => {
  const found = screen.queryAllByTestId("group").find((each) => each.textContent?.includes(word));
  if (!found) throw new Error(`no group ${word}: ${groups().join(", ")}`);
  return found;
};
const by = (value: string) => fireEvent.change(screen.getByTestId("group-by"), { target: { value } });
const press = (key: string) => fireEvent.keyDown(document.activeElement ?? document.body, { key });

const agent = (name: string, registry: string, change: Partial<AgentRow> = {}): AgentRow => {
  const row = healthyRow(name.length * 31 + name.charCodeAt(0), name, Date.now(), 0);
  return { ...row, id: `zns:${name}`, registry: { ...row.registry, name: registry }, ...change };
};

describe("linesOf", () => {
  const rows = new Map(
    [agent("a", "zns10"), agent("b", "zns9"), agent("c", "zns10", { liveness: "late" })].map((row) => [
      row.id,
      row,
    ]),
  );
  const ids = ["zns:c", "zns:a", "zns:b"];

  it("leaves the rows alone without groups", () => {
    expect(linesOf(ids, rows, { by: "none", folded: [] }).lines).toBe(ids);
  });

  it("keeps the order within a group, sorts registries by name and states by need", () => {
    expect(linesOf(ids, rows, { by: "registry", folded: [] }).lines).toEqual([
      "group:registry=zns9",
      "zns:b",
      "group:registry=zns10",
      "zns:c",
      "zns:a",
    ]);
    expect(linesOf(ids, rows, { by: "state", folded: [] }).lines[0]).toBe("group:state=late");
  });

  it("counts what is folded", () => {
    const { lines, counts } = linesOf(ids, rows, { by: "registry", folded: ["group:registry=zns10"] });
    expect(lines).toEqual(["group:registry=zns9", "zns:b", "group:registry=zns10"]);
    expect(counts.get("group:registry=zns10")).toBe(2);
  });
});

describe("groups", () => {
  it("are none until asked for, and then have counts", async () => {
    await openWindow();
    expect(groups()).toEqual([]);
    await by("state");
    expect(groups()).toEqual([
      "offline 1 agent",
      "stale 1 agent",
      "late 1 agent",
      "active 7 agents",
      "inactive 1 agent",
      "stopped 1 agent",
    ]);
    const grid = screen.getByRole("treegrid");
    expect(grid.getAttribute("aria-rowcount")).toBe("19");
    expect(rowOf("release-notes").getAttribute("aria-level")).toBe("2");
    expect(rowOf("release-notes").getAttribute("aria-rowindex")).toBe("3");
    await expectAccessible();
    await by("registry");
    expect(groups()).toEqual(["zns01 12 agents"]);
    await by("none");
    expect(names()).toHaveLength(12);
    expect(screen.getByRole("grid")).toBeTruthy();
  });

  it("are by the first tag or the project, with those that have none last", async () => {
    await openWindow();
    await by("tag");
    expect(groups()).toEqual([
      "docs 1 agent",
      "finance 1 agent",
      "internal 2 agents",
      "production 3 agents",
      "no tag 5 agents",
    ]);
    expect(names().slice(0, 2), "its second tag is no second place").toEqual([
      "docs-indexer",
      "price-oracle-svc",
    ]);
    await expectAccessible();
    await by("project");
    expect(groups()).toEqual([
      "backoffice 2 agents",
      "devtools 2 agents",
      "relnotes 2 agents",
      "weather 1 agent",
      "no project 5 agents",
    ]);
    await fireEvent.click(group("no project"));
    expect(names()).toHaveLength(7);
  });

  it("move an agent when its tags change", async () => {
    const host = await openWindow(new FixtureHost([agent("a", "zns01"), agent("b", "zns01")]));
    await by("tag");
    expect(groups()).toEqual(["no tag 2 agents"]);
    await announce(host, () => host.put(agent("b", "zns01", { tags: ["new", "old"] })));
    await waitFor(() => expect(groups()).toEqual(["new 1 agent", "no tag 1 agent"]));
  });

  it("fold by click, and by keyboard from any line of theirs", async () => {
    await openWindow();
    await by("state");
    await fireEvent.click(group("active"));
    expect(names()).toHaveLength(5);
    expect(group("active").getAttribute("aria-expanded")).toBe("false");
    await fireEvent.click(group("active"));
    expect(names()).toHaveLength(12);
    rowOf("mail-sorter").focus();
    await press("ArrowLeft");
    await waitFor(() => expect(names()).toHaveLength(5));
    await waitFor(() => expect(document.activeElement).toBe(group("active")));
    await press("ArrowRight");
    await waitFor(() => expect(names()).toHaveLength(12));
    await press("Enter");
    await waitFor(() => expect(names()).toHaveLength(5));
    await press("j");
    await waitFor(() => expect(document.activeElement).toBe(group("inactive")));
  });

  it("are kept across restarts, folds too; what is broken is not", async () => {
    localStorage.setItem(
      "beatkeeper.groups",
      JSON.stringify({ version: 1, value: { by: "state", folded: ["group:state=active"] } }),
    );
    await openWindow();
    await waitFor(() => expect(groups()).toHaveLength(6));
    expect(names()).toHaveLength(5);
  });

  it.each(['{"by":"colour","folded":[]}', '{"by":"state","folded":[7]}', "7"])("ignore %s", async (value) => {
    localStorage.setItem("beatkeeper.groups", `{"version":1,"value":${value}}`);
    await openWindow();
    expect(groups()).toEqual([]);
  });

  it("open for an agent that a notification names", async () => {
    const host = await openWindow();
    await by("state");
    await fireEvent.click(group("active"));
    const id = [...host.rows.values()].find((row) => row.name === "docs-indexer")?.id ?? "";
    host.openAgents(id);
    await waitFor(() => expect(names()).toContain("docs-indexer"));
  });

  it("hold their rows under the pointer, new ones too", async () => {
    const host = await openWindow(new FixtureHost([agent("a", "zns01"), agent("b", "zns01")]));
    await by("state");
    const body = document.querySelector(".body") as HTMLElement;
    await fireEvent.pointerEnter(body);
    await announce(host, () => {
      host.put(agent("a", "zns01", { liveness: "late", needs_attention: true }));
      host.put(agent("new", "zns01"));
    });
    await waitFor(() => expect(rowOf("a").dataset.liveness).toBe("late"));
    expect(names()).toEqual(["a", "b"]);
    expect(groups()).toHaveLength(1);
    expect(screen.getByText("order held")).toBeTruthy();
    await fireEvent.pointerLeave(body);
    expect(groups()).toEqual(["late 1 agent", "active 2 agents"]);
    expect(names()).toEqual(["a", "b", "new"]);
  });

  it("stay out of the document with 10,000 rows", async () => {
    const many = Array.from({ length: 10_000 }, (_, n) => healthyRow(n, `agent-${n}`, Date.now(), 0));
    await openWindow(new FixtureHost(many));
    await by("state");
    expect(rows().length).toBeLessThan(60);
    expect(screen.getByRole("treegrid").getAttribute("aria-rowcount")).toBe("10002");
  });
});
