import { invoke } from "@tauri-apps/api/core";
import { listen, type EventCallback } from "@tauri-apps/api/event";

import type { Host, Unlisten } from "./host";

/** The shell of the desktop app. */
export function tauriHost(): Host {
  return {
    fleetDelta: (since) => invoke("fleet_delta", { since }),
    beatStrips: (ids, hours) => invoke("beat_strips", { ids, hours }),
    agentHistory: (id, limit) => invoke("agent_history", { id, limit }),
    agentExport: (id, hours, format, name) => invoke("agent_export", { id, hours, format, name }),
    agentImport: (path, registry, name, replace, as) =>
      invoke("agent_import", {
        path,
        registry,
        name,
        replace,
        takenAs: {
          allow_loose: as?.loose ?? false,
          kind: as?.service ? "service" : null,
          project: as?.project ?? null,
        },
      }),
    agentGenerate: (registry, name) => invoke("agent_generate", { registry, name }),
    agentDerive: (developerPath, index, registry, name, replace) =>
      invoke("agent_derive", { developerPath, index, registry, name, replace }),
    agentRemove: (id, confirmName, deleteKey) => invoke("agent_remove", { id, confirmName, deleteKey }),
    agentSetPaused: (id, paused) => invoke("agent_set_paused", { id, paused }),
    agentRetry: (id) => invoke("agent_retry", { id }),
    agentRestart: (id) => invoke("agent_restart", { id }),
    agentSnooze: (id, minutes) => invoke("agent_snooze", { id, minutes }),
    agentSetTags: (id, tags) => invoke("agent_set_tags", { id, tags }),
    agentKey: (id) => invoke("agent_key", { id }),
    pauseAlerts: (minutes) => invoke("pause_alerts", { minutes }),
    registries: () => invoke("registries"),
    registryAdd: (name, url) => invoke("registry_add", { name, url }),
    demoStart: () => invoke("demo_start"),
    demoEnd: () => invoke("demo_end"),
    pickFile: (title) => invoke("pick_file", { title }),
    pickFolder: (title) => invoke("pick_folder", { title }),
    keysFind: (folders) => invoke("keys_find", { folders }),
    keysLook: (files) => invoke("keys_look", { files }),
    keyFileShred: (path) => invoke("key_file_shred", { path }),
    engineStatus: () => invoke("engine_status"),
    engineStart: () => invoke("engine_start"),
    onFleetChanged: (listener) => on<number>("fleet-changed", (event) => listener(event.payload)),
    onOpenAgent: (listener) => on<string>("open-agent", (event) => listener(event.payload)),
    onRelease: (state) => on("release-page", () => void invoke("page_release", { state: state() })),
    pageWas: () => invoke("page_was"),
    pageDrawn: () => void invoke("page_drawn", { loading: performance.now() }),
    onFilesDragged: (listener) => {
      const ends = [
        // Text that is dragged has no paths.
        on<Paths>("tauri://drag-enter", ({ payload }) => payload.paths.length && listener({ state: "over" })),
        on("tauri://drag-leave", () => listener({ state: "left" })),
        on<Paths>("tauri://drag-drop", ({ payload: { paths } }) => listener({ state: "dropped", paths })),
      ];
      return () => ends.forEach((end) => end());
    },
  };
}

interface Paths {
  paths: string[];
}

/** `listen` answers later; an end that is asked for before that is kept until then. */
function on<T>(event: string, callback: EventCallback<T>): Unlisten {
  const listening = listen<T>(event, callback);
  // Without the event the window still polls, so a refusal here loses seconds and not data.
  return () => void listening.then((unlisten) => unlisten()).catch(() => undefined);
}
