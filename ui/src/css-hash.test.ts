/// <reference types="node" />
import { readdirSync } from "node:fs";
import { basename } from "node:path";
import { compile, type CompileOptions } from "svelte/compiler";
import { expect, it } from "vitest";

// @ts-expect-error -- it is plain JavaScript
import config from "../svelte.config.js";

it("no two components have the same class for their styles", () => {
  const cssHash = config.compilerOptions.cssHash as NonNullable<CompileOptions["cssHash"]>;
  const classes = new Map<string, string[]>();
  for (const file of readdirSync("src", { encoding: "utf8", recursive: true })) {
    if (!file.endsWith(".svelte")) continue;
    let own = "";
    // The hash function is given to whoever names the class, and nowhere else.
    compile("<p>a</p><style>p { color: red }</style>", {
      filename: file,
      cssHash: (given) => (own = cssHash(given)),
    });
    classes.set(own, [...(classes.get(own) ?? []), basename(file)]);
  }
  expect(classes.size).toBeGreaterThan(50);
  expect([...classes.values()].filter((files) => files.length > 1)).toEqual([]);
});
