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
    incidents: ({ id, open_only, limit, before }) =>
      invoke("incidents", { id, openOnly: open_only, limit, before }),
    agentAcknowledge: (id, minutes) => invoke("agent_acknowledge", { id, minutes }),
    blackBox: (id, openedAt) => invoke("black_box", { id, openedAt }),
    blackBoxSave: (id, openedAt, name) => invoke("black_box_save", { id, openedAt, name }),
    downtime: (id, from, to) => invoke("downtime", { id, from, to }),
    downtimeExport: (id, from, to, format, name) => invoke("downtime_export", { id, from, to, format, name }),
    channels: () => invoke("channels"),
    channelSave: (channel, secret, replace) => invoke("channel_save", { channel, secret, replace }),
    channelRemove: (name) => invoke("channel_remove", { name }),
    channelTest: (name) => invoke("channel_test", { name }),
    channelPreview: (channel, kind) => invoke("channel_preview", { channel, kind }),
    deadLetters: (limit) => invoke("dead_letters", { limit }),
    deliveryRetry: (notice, channel) => invoke("delivery_retry", { notice, channel }),
    alertRules: () => invoke("alert_rules"),
    alertRulesSet: (rules) => invoke("alert_rules_set", { rules }),
    drillStart: (id) => invoke("drill_start", { id }),
    drills: (limit) => invoke("drills", { limit }),
    drillStop: () => invoke("drill_stop"),
    agentUp: (ids) => invoke("agent_up", { ids }),
    agentDown: (ids) => invoke("agent_down", { ids }),
    agentRun: (id) => invoke("agent_run", { id }),
    agentRunSet: (id, run, recover, beats, truthful) =>
      invoke("agent_run_set", { id, run, recover, beats, truthful }),
    runPropose: (folder) => invoke("run_propose", { folder }),
    projectPreview: (folder) => invoke("project_preview", { folder }),
    projectAdopt: (folder, seen) => invoke("project_adopt", { folder, seen }),
    signerAudit: (id) => invoke("signer_audit", { id }),
    agentLog: (id, place, limit) => invoke("agent_log", { id, ...place, limit }),
    agentLogSearch: (id, pattern, from, back, limit) =>
      invoke("agent_log_search", { id, pattern, from, back, limit }),
    agentLogMark: (id, text) => invoke("agent_log_mark", { id, text }),
    agentLogClear: (id) => invoke("agent_log_clear", { id }),
    agentLogStarts: (id) => invoke("agent_log_starts", { id }),
    agentUsage: (id, from, to) => invoke("agent_usage", { id, from, to }),
    ladderHold: (id, on) => invoke("ladder_hold", { id, on }),
    ladderSkip: (id) => invoke("ladder_skip", { id }),
    registries: () => invoke("registries"),
    registryAdd: (name, url, spoken) => invoke("registry_add", { name, url, spoken: spoken ?? null }),
    busList: () => invoke("bus_list"),
    busAdd: (bus) => invoke("bus_add", { bus }),
    busTest: (name) => invoke("bus_test", { name }),
    busRemove: (name) => invoke("bus_remove", { name }),
    agentOnBus: (bus, name, beats, interval) => invoke("agent_on_bus", { bus, name, beats, interval }),
    doctorStart: (id, asked) => invoke("doctor_start", { id, ...asked }),
    doctorLook: (id) => invoke("doctor_look", { id }),
    doctorStop: (id) => invoke("doctor_stop", { id }),
    doctorSave: (id, startedAt, format, name) => invoke("doctor_save", { id, startedAt, format, name }),
    writePropose: (id, write) => invoke("write_propose", { id, write }),
    writeCarryOut: (id, write, seal) => invoke("write_carry_out", { id, write, seal }),
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
    onOpenAgents: (listener) => on<string[]>("open-agents", (event) => listener(event.payload)),
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
