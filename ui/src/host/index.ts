import type { Host } from "./host";
import { tauriHost } from "./tauri";

export * from "./host";

/**
 * The desktop app's shell when there is one. In development and where the window is only looked at (`npm run
 * build:fixture`) a fleet in memory, and for the bridge the engine behind it; neither is part of what is shipped.
 */
export async function openHost(): Promise<Host | null> {
  if (import.meta.env.MODE === "bridge") return (await import("./browser")).browserHost();
  if ("__TAURI_INTERNALS__" in window) return tauriHost();
  if (import.meta.env.PROD && import.meta.env.MODE !== "fixture") return null;
  const { openFixture } = await import("./fixture");
  return openFixture(new URLSearchParams(location.search));
}
