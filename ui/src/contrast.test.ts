/// <reference types="node" />
import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync("src/app.css", "utf8");
const [light, dark] = [blockAfter(":root {"), blockAfter("@media (prefers-color-scheme: dark) {\n  :root {")];

function blockAfter(start: string): Map<string, string> {
  const from = css.indexOf(start) + start.length;
  const block = css.slice(from, css.indexOf("}", from));
  return new Map(
    [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((match) => [match[1] ?? "", match[2] ?? ""]),
  );
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const SURFACES = ["bg", "pane", "field", "raised", "attention", "hover", "chosen"];
const TEXTS = ["text", "quiet", "red-text", "orange-text", "amber-text", "green-text"];
/** Lines of a log are on the pane, or chosen. */
const ANSI = Array.from({ length: 16 }, (_, at) => `ansi-${at}`);
/** Shapes and borders of controls: 3:1 (WCAG 1.4.11). */
const SHAPES = ["red", "orange", "amber", "green", "violet", "control", "accent", "strip-green"];

describe.each([
  ["light", light],
  ["dark", dark],
])("%s", (_theme, colors) => {
  const of = (name: string) => {
    const color = colors.get(name);
    if (!color) throw new Error(`--${name} is missing`);
    return color;
  };
  it.each(TEXTS)("--%s is readable on every surface", (text) => {
    for (const surface of SURFACES)
      expect(contrast(of(text), of(surface)), surface).toBeGreaterThanOrEqual(4.5);
  });
  it.each(ANSI)("--%s is readable in a log", (text) => {
    for (const surface of ["pane", "chosen"])
      expect(contrast(of(text), of(surface)), surface).toBeGreaterThanOrEqual(4.5);
  });
  it("what was found is readable", () => {
    expect(contrast(of("found"), of("found-text"))).toBeGreaterThanOrEqual(4.5);
  });
  it.each(SHAPES)("--%s can be made out on the table", (shape) => {
    for (const surface of ["bg", "pane", "attention"])
      expect(contrast(of(shape), of(surface)), surface).toBeGreaterThanOrEqual(3);
  });
  it("buttons are readable", () => {
    expect(contrast(of("accent"), of("accent-text"))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(of("danger"), of("danger-text"))).toBeGreaterThanOrEqual(4.5);
  });
});

describe("forced colours", () => {
  const block = css.slice(css.indexOf("@media (forced-colors: active) {\n  :root"));
  const forced = new Map(
    [...block.slice(0, block.indexOf("}")).matchAll(/--([\w-]+): (\w+);/g)].map((match) => [
      match[1] ?? "",
      match[2] ?? "",
    ]),
  );
  const components = readdirSync("src", { encoding: "utf8", recursive: true }).filter((file) =>
    file.endsWith(".svelte"),
  );
  const drawn = components.flatMap((file) =>
    [...readFileSync(`src/${file}`, "utf8").matchAll(/(?:fill|stroke): var\(--([\w-]+)\)/g)].map(
      (match): [string, string] => [match[1] ?? "", file],
    ),
  );

  it("are the system's for everything that is drawn: the browser leaves drawings as they are", () => {
    expect(drawn.length).toBeGreaterThan(6);
    for (const [name, file] of drawn) expect(forced.get(name), `--${name} in ${file}`).toMatch(/^[A-Z]\w+$/);
  });
});
