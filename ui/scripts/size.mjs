// Fails when the JavaScript that is shipped weighs more than the window may: 60 KB gzipped.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT = 60 * 1024;
const assets = join(import.meta.dirname, "..", "dist", "assets");
const sizes = readdirSync(assets)
  .filter((name) => name.endsWith(".js"))
  .map((name) => ({ name, bytes: gzipSync(readFileSync(join(assets, name))).length }));
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
for (const { name, bytes } of sizes) process.stdout.write(`${kb(bytes).padStart(9)}  ${name}\n`);
process.stdout.write(`${kb(total).padStart(9)}  of ${kb(LIMIT)}, gzipped\n`);
if (total > LIMIT) process.exit(1);
