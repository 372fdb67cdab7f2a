// Fails when the JavaScript of the window weighs more than it may, gzipped: what it begins with, and all of it.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const START_LIMIT = 60 * 1024;
const TOTAL_LIMIT = 147 * 1024;
const dist = join(import.meta.dirname, "..", "dist");
const assets = join(dist, "assets");

/** Scripts that the page names, and those that they import before they run. */
function atStart(page) {
  const found = new Set();
  const look = (text, pattern) => {
    for (const [, name] of text.matchAll(pattern)) {
      if (found.has(name)) continue;
      found.add(name);
      // `import"./a.js"` and `from"./a.js"`; `import("./a.js")` is for later.
      look(readFileSync(join(assets, name), "utf8"), /(?:from|import)\s*["']\.\/([\w.-]+\.js)["']/g);
    }
  };
  look(page, /(?:src|href)="[^"]*?([\w.-]+\.js)"/g);
  return found;
}

const start = atStart(readFileSync(join(dist, "index.html"), "utf8"));
if (start.size === 0) throw new Error("dist/index.html names no script");
const sizes = readdirSync(assets)
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(join(assets, name))).length }))
  .sort((a, b) => Number(start.has(b.name)) - Number(start.has(a.name)) || b.bytes - a.bytes);
const sum = (some) => some.reduce((all, { bytes }) => all + bytes, 0);
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
const say = (bytes, words) => process.stdout.write(`${kb(bytes).padStart(9)}  ${words}\n`);
for (const { name, bytes } of sizes) say(bytes, `${name}${start.has(name) ? ", at the start" : ""}`);
const first = sum(sizes.filter(({ name }) => start.has(name)));
const total = sum(sizes);
say(first, `of ${kb(START_LIMIT)} at the start, gzipped`);
say(total, `of ${kb(TOTAL_LIMIT)} in all`);
if (first > START_LIMIT || total > TOTAL_LIMIT) process.exit(1);
