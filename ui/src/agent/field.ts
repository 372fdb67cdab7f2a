import type { AgentRow } from "../host/bindings/AgentRow";
import type { BusMetrics } from "../host/bindings/BusMetrics";
import { count, length, moment } from "../lib/time";

/** What the field of an agent has to tell beyond the three witnesses, in the parts of a sentence. */

/** Whether nobody configured it here: there is nothing of it that could be changed. */
export const isOnlySeen = ({ bus }: AgentRow): boolean => bus?.only_seen === true;

/** The connection's health, where beats are acknowledged. */
export function connectionWords(row: AgentRow, now: number): string[] | null {
  const health = row.connection;
  if (health === null) return null;
  const acknowledged =
    health.last_heartbeat_ack === null
      ? "no heartbeat was ever acknowledged"
      : `acknowledged ${length(Math.max(0, now - health.last_heartbeat_ack))} ago`;
  const attempts =
    health.reconnect_attempts > 0 ? [`${count(health.reconnect_attempts)} attempts to reconnect`] : [];
  return [health.healthy ? "healthy" : "not healthy", acknowledged, ...attempts];
}

const METRICS: [keyof BusMetrics, (value: number) => string][] = [
  ["cpu_percent", (value) => `CPU ${value.toFixed(value < 10 ? 1 : 0)} %`],
  ["memory_mb", (value) => `${count(Math.round(value))} MB`],
  ["active_tasks", (value) => `${count(value)} active`],
  ["queue_depth", (value) => `${count(value)} waiting`],
  ["errors_last_5min", (value) => `${count(value)} errors in 5 min`],
  ["tokens_used_this_hour", (value) => `${count(value)} tokens this hour`],
];

/** What its bus knows: state, number, what it measures and works on. */
export function busWords(row: AgentRow): string[] | null {
  const { bus } = row;
  if (bus === null) return null;
  const missed = bus.missed > 0 ? [`${count(bus.missed)} missed`] : [];
  const said = bus.status !== null && bus.status !== bus.state ? [`says ${bus.status}`] : [];
  const sequence = bus.sequence === null ? [] : [`no. ${count(bus.sequence)}`];
  const lost = bus.lost > 0 ? [`${count(bus.lost)} never heard`] : [];
  const restarts = bus.restarts > 0 ? [`restarted ${count(bus.restarts)} ×`] : [];
  return [bus.state, ...missed, ...said, ...sequence, ...lost, ...restarts, ...metricWords(row)];
}

/** What an agent of a bus measures of itself. */
export function metricWords({ bus }: AgentRow): string[] {
  if (bus === null) return [];
  return METRICS.flatMap(([name, words]) => {
    const value = bus.metrics[name];
    return value === null ? [] : [words(value)];
  });
}

/** Where it runs, as it says. */
export function whereWords(row: AgentRow): string[] | null {
  const { bus } = row;
  if (bus === null) return null;
  const parts = [
    ...(bus.host === null ? [] : [bus.host]),
    ...(bus.pid === null ? [] : [`pid ${bus.pid}`]),
    ...(bus.kind === null ? [] : [bus.kind]),
    ...(bus.only_seen ? ["seen on the bus, not configured here"] : []),
  ];
  return parts.length > 0 ? parts : null;
}

/** Which computer of a team beats for it. */
export function teamWords({ holder }: AgentRow, now: number): string[] | null {
  if (holder === null) return null;
  const computer = holder.computer === "" ? "another computer" : holder.computer;
  const who = holder.here ? `this computer (${computer})` : computer;
  return [`${who} beats for it`, `since ${moment(holder.since, now)}`];
}

/** What it works on, and how far it is. */
export function taskWords(row: AgentRow): string | null {
  const task = row.bus?.task ?? null;
  if (task === null) return null;
  const progress = row.bus?.progress ?? null;
  return progress === null ? task : `${task}, ${Math.round(progress * 100)} %`;
}
