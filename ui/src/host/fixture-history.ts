import type { AgentRow } from "./bindings/AgentRow";
import type { Connection } from "./bindings/Connection";
import type { Transition } from "./bindings/Transition";
import type { AgentHistory } from "./host";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A reconnect history that fits a row: the connection of now, and three of earlier today. */
export function demoHistory(row: AgentRow, now: number): AgentHistory {
  if (row.beats_by === "agent" || row.liveness === "inactive") return { connections: [], transitions: [] };
  return { connections: connectionsOf(row, now), transitions: transitionsOf(row, now) };
}

function connectionsOf(row: AgentRow, now: number): Connection[] {
  const agent = row.id;
  const open: Connection = {
    agent,
    dialled_at: row.link.since - 40,
    opened_at: row.link.since,
    closed_at: null,
    beats: row.beats.sent,
    confirmed: row.beats.confirmed,
    close_code: null,
    cause: null,
    cause_sentence: null,
    attempts: 1,
    waits_ms: [],
  };
  const failing: Connection = {
    ...open,
    opened_at: null,
    beats: 0,
    confirmed: 0,
    cause: row.link.reason?.code ?? null,
    cause_sentence: row.link.reason?.sentence ?? null,
    attempts: row.link.attempt,
    waits_ms: [1000, 1700, 3400, 7000].slice(0, row.link.attempt),
  };
  const past = (
    hoursAgo: number,
    lasted: number,
    code: number,
    cause: string,
    sentence: string,
    waits: number[],
  ): Connection => {
    const opened = now - hoursAgo * HOUR;
    const beats = Math.max(1, Math.round(lasted / row.interval_ms));
    return {
      agent,
      dialled_at: opened - 60,
      opened_at: opened,
      closed_at: opened + lasted,
      beats,
      confirmed: Math.max(0, beats - (code === 1006 ? 1 : 0)),
      close_code: code,
      cause,
      cause_sentence: sentence,
      attempts: waits.length + 1,
      waits_ms: waits,
    };
  };
  const first = row.link.state === "open" ? [open] : row.link.state === "idle" ? [] : [failing];
  return [
    ...first,
    past(1.2, 39_000, 1006, "link.dropped", "the connection was lost", [1000, 1700, 3400]),
    past(5.8, 4.57 * HOUR, 1006, "registry.restarted", "the registry restarted", []),
    past(15, 2.54 * HOUR, 1000, "asleep", "this computer went to sleep", []),
  ];
}

function transitionsOf(row: AgentRow, now: number): Transition[] {
  const agent = row.id;
  const steps: Transition[] = [
    {
      agent,
      at: now - 15 * HOUR,
      from: "inactive",
      to: "active",
      cause: "ok",
      sentence: "First beat confirmed",
    },
    {
      agent,
      at: now - 5.8 * HOUR,
      from: "active",
      to: "late",
      cause: "link.dropped",
      sentence: "Reconnecting: the connection was lost",
    },
    { agent, at: now - 5.75 * HOUR, from: "late", to: "active", cause: "ok", sentence: "Beating, confirmed" },
  ];
  if (row.liveness !== "active")
    steps.push({
      agent,
      at: row.liveness_since,
      from: "active",
      to: row.liveness,
      cause: row.verdict.code,
      sentence: row.verdict.sentence,
    });
  return steps.reverse();
}
