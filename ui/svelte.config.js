import { basename } from "node:path";
import { vitePreprocess } from "@sveltejs/vite-plugin-svelte";

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    // In every element with a style of its own, and hard to compress: short, and the same on every machine.
    cssHash: ({ hash, filename }) => `s${hash(basename(filename)).slice(1, 5)}`,
  },
};
