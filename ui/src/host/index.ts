import type { Host } from "./host";

export * from "./host";

/** The desktop app's shell when there is one; else a fleet in memory, for development in a plain browser. */
export async function openHost(): Promise<Host> {
  if ("__TAURI_INTERNALS__" in window) return (await import("./tauri")).tauriHost();
  const { FixtureHost } = await import("./fixture");
  const host = FixtureHost.fromAddress(new URLSearchParams(location.search));
  host.start();
  return host;
}
