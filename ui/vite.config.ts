import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  // Tauri's development window looks here; another port would leave it blank.
  server: { host: "127.0.0.1", port: 1420, strictPort: true },
  preview: {
    host: "127.0.0.1",
    port: 1421,
    strictPort: true,
    // The desktop app's own rule, so that what it would refuse is seen here first.
    headers: {
      "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:",
    },
  },
  build: {
    outDir: mode === "fixture" ? "dist-fixture" : "dist",
    // The oldest webview that is met: WebKitGTK of Debian 12 and macOS 13.
    target: "safari16.4",
    modulePreload: { polyfill: false },
  },
  // Component tests run in Node, where the browser build of Svelte has to be asked for.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
  },
}));
