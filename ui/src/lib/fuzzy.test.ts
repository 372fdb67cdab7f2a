import { describe, expect, it } from "vitest";

import { fits } from "./fuzzy";

const best = (typed: string, texts: string[]) =>
  texts
    .flatMap((text) => {
      const score = fits(typed, text);
      return score === null ? [] : [{ text, score }];
    })
    .sort((a, b) => b.score - a.score)
    .map(({ text }) => text);

describe("fits", () => {
  it("finds pieces, starts of words before middles, and the shorter of two", () => {
    expect(best("age", ["mileage", "weather-agent", "agent-1000", "agent-1"])).toEqual([
      "agent-1",
      "agent-1000",
      "weather-agent",
      "mileage",
    ]);
  });

  it("finds letters in their order, and initials first", () => {
    expect(best("wa", ["wizard-of-sea", "weather-agent"])).toEqual(["weather-agent", "wizard-of-sea"]);
    expect(fits("invtr", "invoice-triage")).not.toBeNull();
    expect(fits("rtvni", "invoice-triage")).toBeNull();
  });

  it("wants every word", () => {
    expect(fits("pause weather", "Pause weather-agent")).not.toBeNull();
    expect(fits("pause sunshine", "Pause weather-agent")).toBeNull();
  });

  it("takes anything for nothing typed", () => {
    expect(fits("  ", "x")).not.toBeNull();
  });
});
