import { settled } from "../bulk/run.svelte";
import type { AgentRow } from "../host/bindings/AgentRow";
import type { Host } from "../host/host";
import { canHold, canRestart, canStart, canStop } from "./words";

export type Work = "start" | "stop" | "restart" | "hold" | "skip";

/** What a person can have done with an agent's process now, by what it is; nothing where that would mean nothing. */
export function workOf(work: Work, row: AgentRow, host: Host): (() => Promise<void>) | null {
  const { id } = row;
  const ladder = row.process.run?.ladder ?? null;
  const acts = ladder?.rungs.some(({ state }) => state === "counting" || state === "trying") ?? false;
  switch (work) {
    case "start":
      return canStart(row) ? () => settled(host.agentUp([id])) : null;
    case "stop":
      return canStop(row) ? () => settled(host.agentDown([id])) : null;
    case "restart":
      return canRestart(row) ? () => host.agentRestart(id) : null;
    case "hold":
      return ladder !== null && canHold(ladder) ? () => host.ladderHold(id, !ladder.held) : null;
    case "skip":
      return acts ? () => host.ladderSkip(id) : null;
  }
}
