import { describe, expect, it } from "vitest";

import { PageState, textOrNull } from "./page-state";

describe("the state of a page", () => {
  it("goes over to the next page, each part once", () => {
    const first = new PageState();
    first.keep("tab", () => "timeline");
    first.keep("opened", () => null);
    const next = new PageState(JSON.parse(JSON.stringify(first.now())));
    expect(next.was("tab", textOrNull)).toBe("timeline");
    expect(next.was("tab", textOrNull)).toBeNull();
    expect(next.was("opened", textOrNull)).toBeNull();
  });

  it("is of the moment in which it is asked for, and without what is closed by then", () => {
    const page = new PageState();
    let tab = "connections";
    const forget = page.keep("tab", () => tab);
    tab = "timeline";
    expect(page.now()).toEqual({ version: 1, parts: { tab: "timeline" } });
    forget();
    expect(page.now()).toEqual({ version: 1, parts: {} });
  });

  it.each([
    ["nothing", null],
    ["another version", { version: 2, parts: { tab: "timeline" } }],
    ["no parts", { version: 1, parts: null }],
    ["a part that does not pass", { version: 1, parts: { tab: 7 } }],
  ])("is that of a new page when there is %s", (_what, was) => {
    expect(new PageState(was).was("tab", textOrNull)).toBeNull();
  });
});
