import js from "@eslint/js";
import svelte from "eslint-plugin-svelte";
import globals from "globals";
import ts from "typescript-eslint";
import svelteConfig from "./svelte.config.js";

export default ts.config(
  { ignores: ["dist", "dist-fixture", "coverage", "node_modules", "src/host/bindings"] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser } } },
  {
    files: ["**/*.svelte", "**/*.svelte.ts"],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: [".svelte"], svelteConfig },
    },
  },
  {
    files: ["src/**"],
    ignores: ["src/host/**"],
    rules: {
      "no-restricted-imports": [
        "error",
        { patterns: [{ group: ["@tauri-apps/*"], message: "Only src/host talks to the shell." }] },
      ],
    },
  },
  {
    files: ["scripts/**", "*.config.*"],
    languageOptions: { globals: { ...globals.node } },
  },
  {
    rules: {
      "no-console": "error",
      eqeqeq: "error",
      // The type checker knows better, types included.
      "no-undef": "off",
      // Maps and sets here are plain tables behind an explicit version counter, so that 10,000 rows cost nothing.
      "svelte/prefer-svelte-reactivity": "off",
    },
  },
);
