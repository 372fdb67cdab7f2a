import type { Fault } from "../host/bindings/Fault";
import type { Held } from "../host/bindings/Held";
import type { NoticeKind } from "../host/bindings/NoticeKind";
import type { OpenIncident } from "../host/bindings/OpenIncident";
import type { Incident } from "../host/bindings/Incident";
import { hourMinute } from "../lib/time";

/** Whose fault it is, as a chip and as a part of a sentence. */
export const FAULTS: Record<Fault, { word: string; means: string }> = {
  process: { word: "process", means: "The agent's own process: not running, not well, or silent" },
  link: { word: "link", means: "The way to the registry: names, TLS, proxies, broken sockets" },
  registry: { word: "registry", means: "The registry: it refuses, fails, or does not know the agent" },
  key: { word: "key", means: "The key: locked, missing, or another one than the record's" },
  clock: { word: "clock", means: "A clock that is off" },
  own_network: { word: "own network", means: "This computer had no network" },
  asleep: { word: "asleep", means: "This computer slept" },
  not_running: { word: "not running", means: "Nobody was meant to beat, or Beatkeeper did not run" },
  unknown: { word: "not known", means: "Nobody knows" },
};

/** Why nobody was told. */
export const HELD: Record<Held, string> = {
  own_network: "own network is down",
  waking: "just woken up",
  paused: "alerts are paused",
  quiet: "quiet hours",
  snoozed: "snoozed",
  acknowledged: "acknowledged",
};

/** What a person can be told. */
export const KINDS: Record<NoticeKind, string> = {
  late: "late",
  stale: "stale",
  offline: "offline",
  flapping: "flapping",
  gave_up: "given up",
  reminder: "reminder",
  recovered: "recovered",
  test: "test",
};

/** What an open incident adds to the state of its agent: `incident since 13:51, told 13:52, flapping`. */
export function incidentWords(incident: OpenIncident, now: number): string {
  const { opened_at: opened, acknowledged_until: until, flapping, drill } = incident;
  const parts = [`incident since ${hourMinute(opened, now)}`, telling(incident, now)];
  if (flapping) parts.push("flapping");
  if (drill) parts.push("a drill");
  if (isKnown(until, now)) parts.push(`acknowledged until ${hourMinute(until, now)}`);
  return parts.join(", ");
}

export function isKnown(until: number | null, now: number): until is number {
  return until !== null && until > now;
}

/** For the agent's page: `Incident since 13:51, told 13:52.` */
export function toldWords(incident: OpenIncident, now: number): string {
  const text = incidentWords(incident, now);
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** What became of an incident besides its length: `told 13:52, acknowledged, flapping, ended meanwhile`. */
export function recordWords(incident: Incident, now: number): string {
  const { acknowledged_at: known, resolution, flapping, drill } = incident;
  const parts = [telling(incident, now)];
  if (known !== null) parts.push(`acknowledged ${hourMinute(known, now)}`);
  if (flapping) parts.push("flapping");
  if (drill) parts.push("a drill");
  if (resolution !== null && resolution !== "recovered") parts.push(ENDS[resolution]);
  return parts.filter(Boolean).join(", ");
}

const ENDS = {
  meanwhile: "over when Beatkeeper came back",
  stopped: "it was stopped",
  removed: "it was removed",
};

function telling(
  { told_at: told, held }: { told_at: number | null; held: Held | null },
  now: number,
): string {
  if (told !== null) return `told ${hourMinute(told, now)}`;
  return held === null || held === "acknowledged" ? "not told" : `not told: ${HELD[held]}`;
}
