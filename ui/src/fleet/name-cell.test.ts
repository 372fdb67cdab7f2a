/// <reference types="node" />
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { openWindow, rowOf } from "../app.test-help";

const css = readFileSync("src/fleet/Row.svelte", "utf8");
const rule = (selector: string) => css.match(new RegExp(`\\n {2}${selector} \\{([^}]*)\\}`))?.[1] ?? "";

// Nothing is laid out in these tests, so what decides the layout is looked at instead.
describe("the short id", () => {
  it("is never shortened itself: the name gives way", () => {
    expect(rule("\\.id")).toContain("flex: none");
    expect(rule("\\.id")).not.toContain("ellipsis");
    expect(rule("\\.name")).toContain("text-overflow: ellipsis");
    expect(rule("\\.name")).toContain("min-width: 0");
  });

  it("is hidden where the column is narrow, and then in the tooltip", async () => {
    expect(css).toMatch(/@container \(max-width: \d+px\) \{\s*\.id \{\s*display: none/);
    await openWindow();
    const row = rowOf("code-reviewer");
    expect(row.querySelector(".name")?.getAttribute("title")).toContain(row.dataset.id);
    expect(row.querySelector(".id")?.textContent).toMatch(/^zns:[0-9a-f]{4}…[0-9a-f]{4}$/);
  });
});
