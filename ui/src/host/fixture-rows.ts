import type { AgentRow } from "./bindings/AgentRow";
import type { SpanKind } from "./bindings/SpanKind";
import type { StripSpan } from "./bindings/StripSpan";

export const REGISTRY = { name: "zns01", url: "https://zns01.zynd.ai" };
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const FLIP_MS = 5 * MINUTE;

/** An id that looks like one, from a number. */
export function fakeId(seed: number, service = false): string {
  let state = (seed * 2654435761 + 97) >>> 0;
  let hex = "";
  while (hex.length < 32) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    hex += state.toString(16).padStart(8, "0");
  }
  return `${service ? "zns:svc:" : "zns:"}${hex.slice(0, 32)}`;
}

export function shortId(id: string): string {
  const prefix = id.startsWith("zns:svc:") ? "zns:svc:" : "zns:";
  return `${prefix}${id.slice(prefix.length, prefix.length + 4)}…${id.slice(-4)}`;
}

/** A row of an agent that beats as it should; `last` milliseconds ago. */
export function healthyRow(seed: number, name: string, now: number, last: number): AgentRow {
  const id = fakeId(seed, name.endsWith("-svc"));
  const at = now - last;
  return {
    id,
    short_id: shortId(id),
    name,
    kind: id.startsWith("zns:svc:") ? "service" : "agent",
    liveness: "active",
    liveness_since: now - 3 * HOUR,
    needs_attention: false,
    paused: false,
    verdict: { code: "ok", severity: "good", sentence: "Beating, confirmed", remedy: "" },
    process: { state: "running", since: now - 64 * MINUTE, clock_ahead_ms: 40, detail: "/health ok" },
    link: {
      state: "open",
      since: now - 64 * MINUTE,
      attempt: 0,
      next_dial_at: null,
      next_beat_at: at + 30_000,
      reason: null,
    },
    registry: { ...REGISTRY, status: "active", last_heartbeat: at, seen_at: at + 40, registered: true },
    beats: { sent: 128, confirmed: 128, unconfirmed: 0, foreign: 0 },
    beats_by: "app",
    interval_ms: 30_000,
    last_confirmed_at: at,
    last_sent_at: at,
    flips_at: at + FLIP_MS,
    round_trip_ms: 34 + (seed % 11),
    reconnects_24h: 0,
    uptime_24h: 0.997,
    strip_rev: 1,
  };
}

/** The twelve agents of the demonstration: every state there is. */
export function demoRows(now: number): AgentRow[] {
  const row = (
    seed: number,
    name: string,
    last: number,
    change: (row: AgentRow) => void = () => undefined,
  ) => {
    const made = healthyRow(seed, name, now, last);
    change(made);
    return made;
  };
  return [
    row(1, "release-notes", 18 * MINUTE, (r) => {
      silent(r, "offline", now - 3 * MINUTE);
      r.verdict = {
        code: "process.gone",
        severity: "bad",
        sentence: "Its process is not running: nobody answers at 127.0.0.1:5004",
        remedy: "Start the agent again; its beats begin by themselves.",
      };
      r.process = {
        state: "not_running",
        since: now - 18 * MINUTE,
        clock_ahead_ms: null,
        detail: "connection refused at 127.0.0.1:5004",
      };
      r.link = { ...r.link, state: "idle", since: now - 18 * MINUTE, next_beat_at: null };
      r.registry.status = "inactive";
      r.reconnects_24h = 9;
      r.uptime_24h = 0.871;
    }),
    row(2, "weather-agent", 6 * MINUTE, (r) => {
      silent(r, "stale", now - 1 * MINUTE);
      r.verdict = {
        code: "clock.skew",
        severity: "bad",
        sentence: "Connected and sending, but the registry ignores it: the clock is 74 s ahead",
        remedy: "Set this computer's clock: sudo timedatectl set-ntp true",
      };
      r.process.clock_ahead_ms = 74_000;
      r.beats = { sent: 131, confirmed: 119, unconfirmed: 12, foreign: 0 };
      r.last_sent_at = now - 12_000;
      r.link.next_beat_at = now + 18_000;
      r.registry.status = "inactive";
      r.uptime_24h = 0.962;
    }),
    row(3, "invoice-triage", 112_000, (r) => {
      silent(r, "late", now - 22_000);
      r.verdict = {
        code: "link.refused",
        severity: "warning",
        sentence: "Reconnecting: connection refused",
        remedy: "The registry's port is closed; it is tried again by itself.",
      };
      r.link = {
        state: "backing_off",
        since: now - 15_000,
        attempt: 4,
        next_dial_at: now + 7_000,
        next_beat_at: null,
        reason: { code: "link.refused", sentence: "connection refused" },
      };
      r.round_trip_ms = 41;
      r.reconnects_24h = 6;
      r.uptime_24h = 0.981;
    }),
    row(4, "research-planner", 4_000, (r) => {
      r.reconnects_24h = 1;
    }),
    row(5, "code-reviewer", 9_000),
    row(6, "calendar-sync-svc", 11_000, (r) => {
      r.beats_by = "agent";
      r.verdict.sentence = "Beats itself; we watch";
      r.process = { state: "not_ours", since: null, clock_ahead_ms: null, detail: "" };
      r.link = { ...r.link, state: "idle", next_beat_at: null };
      r.round_trip_ms = null;
      r.reconnects_24h = 2;
      r.beats = { sent: 0, confirmed: 0, unconfirmed: 0, foreign: 402 };
      r.last_sent_at = null;
    }),
    row(7, "price-oracle-svc", 17_000),
    row(8, "standup-bot", 21_000, (r) => {
      r.verdict = {
        code: "key.second_copy",
        severity: "warning",
        sentence: "Beating, confirmed; a second copy of this key also beats",
        remedy: "Stop the other copy, or replace the key if you do not know it.",
      };
      r.beats.foreign = 14;
    }),
    row(9, "docs-indexer", 26_000, (r) => {
      r.process = {
        state: "unhealthy",
        since: now - 4 * MINUTE,
        clock_ahead_ms: 12,
        detail: "/health says 503",
      };
      r.verdict = {
        code: "process.unhealthy",
        severity: "warning",
        sentence: "Beating, but its own health check fails: 503",
        remedy: "Look at the agent's log.",
      };
    }),
    row(10, "nightly-eval", 17 * HOUR, (r) => {
      r.paused = true;
      r.liveness = "stopped";
      r.liveness_since = now - 17 * HOUR;
      r.verdict = {
        code: "paused",
        severity: "neutral",
        sentence: "Paused by you",
        remedy: "Resume when you want it to beat.",
      };
      r.link = { ...r.link, state: "idle", since: now - 17 * HOUR, next_beat_at: null };
      r.process = {
        state: "not_running",
        since: now - 17 * HOUR,
        clock_ahead_ms: null,
        detail: "connection refused",
      };
      r.registry.status = "inactive";
      r.flips_at = null;
      r.round_trip_ms = null;
      r.uptime_24h = 0.19;
    }),
    row(11, "tmp-experiment", 2 * 24 * HOUR, (r) => {
      r.liveness = "inactive";
      r.liveness_since = now - 2 * 24 * HOUR;
      r.verdict = {
        code: "never_beat",
        severity: "neutral",
        sentence: "Registered, has never beaten",
        remedy: "Start it, or remove it when it is no longer needed.",
      };
      r.link = { ...r.link, state: "idle", next_beat_at: null };
      r.process = { state: "not_ours", since: null, clock_ahead_ms: null, detail: "" };
      r.registry.status = "inactive";
      r.last_confirmed_at = null;
      r.last_sent_at = null;
      // What the registry would have flipped had it ever beaten.
      r.flips_at = now - 2 * 24 * HOUR + FLIP_MS;
      r.round_trip_ms = null;
      r.uptime_24h = null;
      r.beats = { sent: 0, confirmed: 0, unconfirmed: 0, foreign: 0 };
    }),
    row(12, "mail-sorter", 29_000, (r) => {
      r.link.next_beat_at = now + 1_000;
    }),
  ];
}

function silent(row: AgentRow, liveness: AgentRow["liveness"], since: number): void {
  row.liveness = liveness;
  row.liveness_since = since;
  row.needs_attention = true;
}

/** A day as it may have been: beats, a night asleep, and what went wrong. */
export function demoStrip(row: AgentRow, now: number): StripSpan[] {
  if (row.liveness === "inactive") return [];
  const spans: StripSpan[] = [];
  const add = (kind: SpanKind, fromHours: number, toHours: number) => {
    const from = now - fromHours * HOUR;
    const to = now - toHours * HOUR;
    const beats =
      kind === "confirmed" || kind === "unconfirmed" ? Math.round((to - from) / row.interval_ms) : 0;
    spans.push({ kind, from, to, beats });
  };
  if (row.paused) {
    add("confirmed", 24, 17);
    add("not_running", 17, 0);
    return spans;
  }
  const silentFor = row.liveness === "active" ? 0 : (now - (row.last_confirmed_at ?? now)) / HOUR;
  const flaky = row.reconnects_24h > 0 && row.liveness === "active";
  if (flaky) {
    add("confirmed", 24, 14.2);
    add(row.reconnects_24h > 1 ? "missed" : "own_network", 14.2, 13.3);
    add("confirmed", 13.3, 8.4);
  } else add("confirmed", 24, 8.4);
  add("asleep", 8.4, 5);
  if (row.liveness === "offline") {
    add("confirmed", 5, 3.8);
    add("missed", 3.8, 0);
  } else if (row.liveness === "stale") {
    add("confirmed", 5, 2);
    add("unconfirmed", 2, 0);
  } else {
    add("confirmed", 5, silentFor);
    if (silentFor > 0) add("missed", silentFor, 0);
  }
  return spans;
}
