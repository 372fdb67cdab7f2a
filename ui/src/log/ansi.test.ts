import { describe, expect, it } from "vitest";

import { cssOf, plainOf, spansOf } from "./ansi";
import { patternOf, piecesOf } from "./pieces";

const E = "\u001b";
const colours = (text: string) =>
  spansOf(text).map(({ text: piece, style }) => [piece, style?.color ?? null]);

describe("colours of a log", () => {
  it("are the sixteen, the 256 and all of them", () => {
    expect(colours(`a${E}[31mb${E}[91mc${E}[0md`)).toEqual([
      ["a", null],
      ["b", 1],
      ["c", 9],
      ["d", null],
    ]);
    expect(colours(`${E}[38;5;4mx${E}[38;5;208my${E}[38;5;244mz`)).toEqual([
      ["x", 4],
      ["y", "#ff8700"],
      ["z", "#808080"],
    ]);
    expect(colours(`${E}[38;2;255;140;0mx${E}[38:2::1:2:3my${E}[38:5:196mz`)).toEqual([
      ["x", "#ff8c00"],
      ["y", "#010203"],
      ["z", "#ff0000"],
    ]);
  });

  it("end one by one, and all with an empty parameter", () => {
    const [both, bold, none] = spansOf(`${E}[1;32mA${E}[39mB${E}[mC`);
    expect([both?.style?.bold, both?.style?.color]).toEqual([true, 2]);
    expect([bold?.style?.bold, bold?.style?.color]).toEqual([true, null]);
    expect(none?.style).toBeNull();
  });

  it("leave out what is no number of a colour, and what comes behind is still read", () => {
    expect(colours(`${E}[38;2;999;0;0;1mx`)[0]).toEqual(["x", null]);
    expect(colours(`${E}[38;5mx${E}[31my`)).toEqual([
      ["x", null],
      ["y", 1],
    ]);
  });

  it("let no other sequence through, and show what is left of controls", () => {
    const link = `${E}]8;;http://example.org${E}\\text${E}]8;;${E}\\`;
    expect(plainOf(`${link} ${E}[2K${E}[1Aup ${E}]0;title\u0007end${E}`)).toBe("text up end");
    expect(plainOf("a\rb\u0000c\u0008\td")).toBe("a␍b␀c␈\td");
  });

  it("are the same text with and without", () => {
    for (const text of [`${E}[31mred`, "plain", `a${E}[38;5;1`, `${E}[`, "\u009b31mx", `${E}[1mä€😀`])
      expect(
        spansOf(text)
          .map((span) => span.text)
          .join(""),
        JSON.stringify(text),
      ).toBe(plainOf(text));
  });

  it("never leave text on a ground of its own colour", () => {
    const css = (sequence: string) => cssOf(spansOf(`${E}[${sequence}mx`)[0]?.style as never);
    expect(css("37;41")).toBe("background:var(--ansi-1);color:var(--pane)");
    expect(css("48;2;255;255;0")).toBe("background:#ffff00;color:#000");
    expect(css("48;5;16")).toContain("color:");
    expect(css("7")).toBe("background:var(--text);color:var(--pane)");
    expect(css("38;2;1;2;3")).toBe("color:color-mix(in srgb,#010203 55%,var(--text))");
  });
});

describe("pieces of a row", () => {
  it("mark what is searched for across colours, in a part of a line", () => {
    const text = `x${E}[31mERR${E}[0mOR y error`;
    const pieces = piecesOf(text, plainOf(text), 1, 9, patternOf("error"));
    expect(pieces.map(({ text: piece, found }) => [piece, found])).toEqual([
      ["ERR", true],
      ["OR", true],
      [" y ", false],
    ]);
  });

  it("take what is no pattern as it is", () => {
    expect("a (b".match(patternOf("(") as RegExp)).toEqual(["("]);
    expect(patternOf("")).toBeNull();
    expect(piecesOf("aaa", "aaa", 0, 3, patternOf("x*"))).toEqual([{ text: "aaa", css: null, found: false }]);
  });
});
