import { describe, expect, it, vi } from "vitest";

import { kept } from "./kept";

const size = kept("size", 2, (value) => (typeof value === "number" ? value : null));
const stored = (text: string) => localStorage.setItem("beatkeeper.size", text);

describe("what is kept", () => {
  it("is there again, until it is forgotten", () => {
    expect(size.read()).toBeNull();
    size.write(7);
    expect(size.read()).toBe(7);
    size.forget();
    expect(size.read()).toBeNull();
  });

  it.each([
    ["no JSON", "{"],
    ["nothing", "null"],
    ["a list", "[2]"],
    ["another version", '{"version":1,"value":7}'],
    ["no version", '{"value":7}'],
    ["a value that does not pass", '{"version":2,"value":"7"}'],
  ])("is ignored when it is %s", (_what, text) => {
    stored(text);
    expect(size.read()).toBeNull();
  });

  it("is lost, and no more than that, when nothing can be stored", () => {
    vi.stubGlobal("localStorage", {
      getItem: () => {
        throw new Error("forbidden");
      },
      setItem: () => {
        throw new Error("full");
      },
    });
    expect(() => size.write(7)).not.toThrow();
    expect(size.read()).toBeNull();
    vi.unstubAllGlobals();
  });
});
