import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** The modules of the window, by their ids. */
interface Graph {
  getModuleInfo(id: string): { isEntry: boolean; importers: readonly string[] } | null;
}

/** Whether a module comes with the first page: the entry imports it, or something that comes with it does. */
function isAtStart(id: string, graph: Graph, seen = new Set<string>()): boolean {
  if (seen.has(id)) return false;
  seen.add(id);
  const info = graph.getModuleInfo(id);
  return info !== null && (info.isEntry || info.importers.some((each) => isAtStart(each, graph, seen)));
}

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
    // What the window begins with is one file, and so is each part that comes later.
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [{ name: (id: string, graph: Graph) => (isAtStart(id, graph) ? "start" : null) }],
        },
      },
    },
  },
  // Component tests run in Node, where the browser build of Svelte has to be asked for.
  resolve: mode === "test" ? { conditions: ["browser"] } : {},
  test: {
    environment: "happy-dom",
    include: ["src/**/*.test.ts"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
    // A bound against hanging, and no measurement: a busy machine takes its time over 50,000 lines.
    testTimeout: 60_000,
  },
}));
