import { type BlackBox, type DoctorRun, type Host, type Problem, reportOf, type Unlisten } from "./host";

/**
 * The local engine behind a plain browser, through the bridge of `cargo xtask ui`. It is in the builds for the bridge
 * alone.
 */
export function browserHost(): Host {
  // It connects again by itself.
  const events = new EventSource("/events");
  const on = (event: string, hear: (data: string) => void): Unlisten => {
    const listener = ({ data }: MessageEvent<string>) => hear(data);
    events.addEventListener(event, listener);
    return () => events.removeEventListener(event, listener);
  };
  return {
    fleetDelta: (since) => ask("fleet_delta", { since }),
    beatStrips: (ids, hours) => ask("beat_strips", { ids, hours }),
    agentHistory: (id, limit) => ask("agent_history", { id, limit }),
    agentExport: async (id, hours, format, name) => {
      const to = Date.now();
      const { text } = await ask<{ text: string }>("agent_export", {
        id,
        from: to - hours * 3_600_000,
        to,
        format,
      });
      save(text, name);
      return name;
    },
    agentImport: (path, registry, name, replace, as) =>
      ask("agent_import", {
        path,
        registry,
        name,
        replace,
        allow_loose: as?.loose ?? false,
        kind: as?.service ? "service" : null,
        project: as?.project ?? null,
      }),
    agentGenerate: (registry, name) => ask("agent_generate", { registry, name }),
    agentDerive: (developerPath, index, registry, name, replace) =>
      ask("agent_derive", { developer_path: developerPath, index, registry, name, replace }),
    agentRemove: (id, confirmName, deleteKey) =>
      ask("agent_remove", { id, confirm_name: confirmName, delete_key: deleteKey }),
    agentSetPaused: (id, paused) => ask("agent_set_paused", { id, paused }),
    agentRetry: (id) => ask("agent_retry", { id }),
    agentRestart: (id) => ask("agent_restart", { id }),
    agentSnooze: (id, minutes) => ask("agent_snooze", { id, minutes }),
    agentSetTags: (id, tags) => ask("agent_set_tags", { id, tags }),
    agentKey: (id) => ask("agent_key", { id }),
    demoStart: () => ask("demo_start"),
    demoEnd: () => ask("demo_end"),
    pauseAlerts: (minutes) => ask("pause_alerts", { minutes }),
    incidents: (asked) => ask("incidents", asked),
    agentAcknowledge: (id, minutes) => ask("agent_acknowledge", { id, minutes }),
    blackBox: (id, openedAt) => ask("black_box", { id, opened_at: openedAt }),
    blackBoxSave: async (id, openedAt, name) => {
      const box = await ask<BlackBox | null>("black_box", { id, opened_at: openedAt });
      if (box === null) return null;
      save(box.markdown, name);
      return name;
    },
    downtime: (id, from, to) => ask("downtime", { id, from, to }),
    downtimeExport: async (id, from, to, format, name) => {
      const { text } = await ask<{ text: string }>("downtime_export", { id, from, to, format });
      save(text, name);
      return name;
    },
    channels: () => ask("channels"),
    channelSave: (channel, secret, replace) => ask("channel_save", { channel, secret, replace }),
    channelRemove: (name) => ask("channel_remove", { name }),
    channelTest: (name) => ask("channel_test", { name }),
    channelPreview: (channel, kind) => ask("channel_preview", { channel, kind }),
    deadLetters: (limit) => ask("dead_letters", { limit }),
    deliveryRetry: (notice, channel) => ask("delivery_retry", { notice, channel }),
    alertRules: () => ask("alert_rules"),
    alertRulesSet: (rules) => ask("alert_rules_set", { rules }),
    drillStart: (id) => ask("drill_start", { id }),
    drills: (limit) => ask("drills", { limit }),
    drillStop: () => ask("drill_stop"),
    agentUp: (ids) => ask("agent_up", { ids }),
    agentDown: (ids) => ask("agent_down", { ids }),
    agentRun: (id) => ask("agent_run", { id }),
    agentRunSet: (id, run, recover, beats, truthful) =>
      ask("agent_run_set", { id, run, recover, beats, truthful }),
    runPropose: (folder) => ask("run_propose", { folder }),
    projectPreview: (folder) => ask("project_preview", { folder }),
    projectAdopt: (folder, seen) => ask("project_adopt", { folder, seen }),
    signerAudit: (id) => ask("signer_audit", { id }),
    agentLog: (id, place, limit) => ask("agent_log", { id, ...place, limit }),
    agentLogSearch: (id, pattern, from, back, limit) =>
      ask("agent_log_search", { id, pattern, from, back, limit }),
    agentLogMark: (id, text) => ask("agent_log_mark", { id, text }),
    agentLogClear: (id) => ask("agent_log_clear", { id }),
    agentLogStarts: (id) => ask("agent_log_starts", { id }),
    agentUsage: (id, from, to) => ask("agent_usage", { id, from, to }),
    ladderHold: (id, on) => ask("ladder_hold", { id, on }),
    ladderSkip: (id) => ask("ladder_skip", { id }),
    registries: () => ask("registries"),
    registryAdd: (name, url, spoken) => ask("registry_add", { name, url, ...spoken }),
    busList: () => ask("bus_list"),
    busAdd: (bus) => ask("bus_add", bus),
    busTest: (name) => ask("bus_test", { name }),
    busRemove: (name) => ask("bus_remove", { name }),
    agentOnBus: (bus, name, beats, interval) => ask("agent_on_bus", { bus, name, beats, interval }),
    doctorStart: (id, asked) => ask("doctor_start", { id, ...asked }),
    doctorLook: (id) => ask("doctor_look", { id }),
    doctorStop: (id) => ask("doctor_stop", { id }),
    doctorSave: async (id, startedAt, format, name) => {
      const report = reportOf(await ask<DoctorRun>("doctor_look", { id, started_at: startedAt }), format);
      if (report === null) return null;
      save(report, name);
      return name;
    },
    writePropose: (id, write) => ask("write_propose", { id, write }),
    writeCarryOut: (id, write, seal) => ask("write_carry_out", { id, write, seal }),
    pickFile: typePath,
    pickFolder: typePath,
    keysFind: (folders) => ask("keys_find", { folders }),
    keysLook: (files) => ask("keys_look", { files }),
    keyFileShred: (path) => ask("key_file_shred", { path }),
    engineStatus: () => ask("engine_status"),
    // Whoever started the engine starts it again; here one can only look.
    engineStart: () => ask("engine_status"),
    onFleetChanged: (listener) => on("fleet-changed", (data) => listener(Number(data))),
    onOpenAgents: (listener) => on("open-agents", (data) => listener(JSON.parse(data) as string[])),
    // Nor where one is that is dropped on it.
    onFilesDragged: () => () => undefined,
    // A browser's page is never let go.
    onRelease: () => () => undefined,
    pageWas: () => Promise.resolve(null),
    pageDrawn: () => undefined,
  };
}

async function ask<T>(command: string, fields: object = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch("/command", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ command, ...fields }),
    });
  } catch {
    const gone: Problem = {
      code: "bridge.gone",
      sentence: "The bridge does not answer.",
      remedy: "Start cargo xtask ui again.",
    };
    throw gone;
  }
  const answer: unknown = await response.json();
  if (!response.ok) throw answer;
  return answer as T;
}

/** A browser tells nobody where a file is, and the engine opens it by its path. */
async function typePath(title: string): Promise<string | null> {
  return prompt(`${title}: its full path`)?.trim() || null;
}

function save(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text]));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
