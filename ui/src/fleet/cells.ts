import type { AgentRow } from "../host/bindings/AgentRow";
import type { BusState } from "../host/bindings/BusState";
import { metricWords } from "../agent/field";
import { runsAt } from "../lib/sort";
import { absolute, ago, count, countdown, share, trip, uptimeWords } from "../lib/time";
import type { ColumnId } from "./columns";

/** What a cell of plain text says. */
export interface Words {
  text: string;
  title?: string | null;
  tone: string;
}

/** The columns that are more than text have their own place in the row. */
export type Plain = Exclude<ColumnId, "state" | "name" | "strip" | "process">;

/** `ahead` is how far the registry's clock is, for ages of its own timestamps. */
type Say = (row: AgentRow, now: number, ahead: number) => Words;

const QUIET = "quiet";
const NUMBER = "number quiet";

const SAYS: Record<Plain, Say> = {
  verdict: ({ verdict: { sentence, remedy, severity } }) => ({
    text: sentence,
    title: remedy ? `${sentence}\n${remedy}` : sentence,
    tone: `c-verdict ${severity}`,
  }),
  registry: ({ registry: { name, registered, status } }) => ({
    text: registered === false ? "no record" : (status ?? "—"),
    title: `${name} says`,
    tone: QUIET,
  }),
  where: ({ registry: { name, url } }) => ({ text: name, title: url, tone: QUIET }),
  beat: (row, now, ahead) => ({
    // A fresh record carries its registration as `last_heartbeat`; that was no beat.
    text: ago(row.liveness === "inactive" ? null : row.registry.last_heartbeat, now + ahead),
    title: beatTitle(row),
    tone: NUMBER,
  }),
  ours: ({ last_confirmed_at: at }, now) => ({
    text: ago(at, now),
    title: at === null ? undefined : absolute(at),
    tone: NUMBER,
  }),
  flips: (row, now) => {
    // Who never beat has nothing that could be lost by a flip.
    const at = row.liveness === "inactive" ? null : row.flips_at;
    if (at === null) return { text: "—", tone: "number c-flips" };
    const left = countdown(at, now);
    return {
      text: left ?? "passed",
      title: `The registry calls it inactive at ${absolute(at)}`,
      tone: `number c-flips ${left === null ? "passed" : at - now < 60_000 ? "soon" : ""}`,
    };
  },
  trip: (row) => ({ text: trip(row.round_trip_ms), tone: NUMBER }),
  uptime: ({ uptime_24h: uptime }) => ({
    text: share(uptime?.awake ?? null),
    title: uptimeWords(uptime),
    tone: NUMBER,
  }),
  raw: ({ uptime_24h: uptime }) => ({
    text: share(uptime?.raw ?? null),
    title: uptimeWords(uptime),
    tone: NUMBER,
  }),
  reconnects: (row) => ({ text: `${row.reconnects_24h}`, tone: NUMBER }),
  tags: ({ tags }) => ({ text: tags.join(", ") || "—", title: tags.join(", "), tone: QUIET }),
  project: ({ project }) => ({ text: project ?? "—", tone: QUIET }),
  bus: ({ bus }) => {
    if (bus === null) return { text: "—", tone: QUIET };
    const missed = bus.missed > 0 ? `, ${count(bus.missed)} missed` : "";
    return {
      text: bus.state,
      title: `${bus.name} says ${bus.state}${missed}`,
      tone: TONES[bus.state] ?? QUIET,
    };
  },
  sequence: ({ bus }) => {
    const last = bus?.sequence ?? null;
    const title = bus && `${count(bus.lost)} never heard, began anew ${count(bus.restarts)} ×`;
    return { text: last === null ? "—" : count(last), title, tone: NUMBER };
  },
  measured: (row) => {
    const words = metricWords(row).join(", ");
    return { text: words || "—", title: words, tone: QUIET };
  },
  runsAt: (row) => {
    const { holder } = row;
    const title = holder ? `${holder.here ? "This computer" : holder.computer} beats for it` : "As it says";
    return { text: runsAt(row) ?? "—", title, tone: QUIET };
  },
};

const TONES: Partial<Record<BusState, string>> = {
  failed: "c-verdict bad",
  missing: "c-verdict warning",
};

export const wordsOf = (id: Plain, ...of: Parameters<Say>): Words => SAYS[id](...of);

function beatTitle(row: AgentRow): string {
  const { last_heartbeat: at } = row.registry;
  if (at === null) return "The registry's record was not seen yet";
  const no = row.liveness === "inactive" ? " (its registration, not a beat)" : "";
  const ours = row.last_confirmed_at;
  const here = ours === null ? "" : `\nLast confirmed here: ${absolute(ours)}`;
  return `Registry's last_heartbeat: ${absolute(at)}${no}${here}`;
}
