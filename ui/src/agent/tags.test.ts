import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, openWindow, rowOf } from "../app.test-help";

const field = () => screen.getByTestId<HTMLInputElement>("tags");
const type = (value: string) => fireEvent.input(field(), { target: { value } });
const save = () => fireEvent.keyDown(field(), { key: "Enter" });
const LONG = "a".repeat(33);

async function openPage(name: string) {
  const host = await openWindow();
  await fireEvent.click(rowOf(name));
  return host;
}

describe("the tags of an agent", () => {
  it("are shown with its project, and written parted by commas", async () => {
    const host = await openPage("release-notes");
    expect(field().value).toBe("production, docs");
    expect(screen.getByTestId("page-project").textContent).toBe("relnotes");
    const set = vi.spyOn(host, "agentSetTags");
    await type(" docs ,, urgent,docs");
    await save();
    const id = rowOf("release-notes").dataset.id ?? "";
    expect(set).toHaveBeenCalledWith(id, ["docs", "urgent"]);
    await waitFor(() => expect(field().value).toBe("docs, urgent"));
    expect(host.rows.get(id)?.tags).toEqual(["docs", "urgent"]);
    await expectAccessible();
  });

  it("are not asked for when nothing changed", async () => {
    const host = await openPage("release-notes");
    const set = vi.spyOn(host, "agentSetTags");
    await type("production , docs,");
    await fireEvent.change(field());
    expect(set).not.toHaveBeenCalled();
    expect(field().value).toBe("production, docs");
  });

  it("stay as they were typed when the engine refuses them, on another page meanwhile, too", async () => {
    await openPage("code-reviewer");
    await type(`docs, ${LONG}`);
    await save();
    await waitFor(() => expect(screen.getByTestId("tags-error").textContent).toContain("longer than 32"));
    expect(field().getAttribute("aria-invalid")).toBe("true");
    await expectAccessible();
    await fireEvent.click(rowOf("mail-sorter"));
    expect(field().value).toBe("");
    await fireEvent.click(rowOf("code-reviewer"));
    expect(field().value).toBe(`docs, ${LONG}`);
    await fireEvent.keyDown(field(), { key: "Escape" });
    expect(field().value).toBe("internal");
    expect(screen.getByTestId("agent-page"), "it took back the words, not the page").toBeTruthy();
  });

  it("are not lost to what the engine says meanwhile", async () => {
    const host = await openPage("code-reviewer");
    await type("internal, new");
    const row = host.rows.get(rowOf("code-reviewer").dataset.id ?? "");
    if (!row) throw new Error("no row");
    host.put({ ...row, tags: ["theirs"], verdict: { ...row.verdict, sentence: "Something else" } });
    host.announce();
    await waitFor(() => expect(screen.getByTestId("page-verdict").textContent).toBe("Something else"));
    expect(field().value).toBe("internal, new");
  });
});
