import type { AgentRow } from "../host/bindings/AgentRow";
import type { ProcessState } from "../host/bindings/ProcessState";
import type { UsageView } from "../host/bindings/UsageView";
import type { LadderView } from "../host/bindings/LadderView";
import { length } from "../lib/time";

/** How a state is called, and how grave it is. */
export const PROCESS: Record<ProcessState, { word: string; tone: "none" | "good" | "warning" | "bad" }> = {
  not_ours: { word: "not ours", tone: "none" },
  unknown: { word: "asking", tone: "none" },
  stopped: { word: "stopped", tone: "none" },
  starting: { word: "starting", tone: "none" },
  running: { word: "running", tone: "good" },
  unhealthy: { word: "unhealthy", tone: "warning" },
  wrong_agent: { word: "wrong agent", tone: "bad" },
  not_running: { word: "not running", tone: "none" },
  stopping: { word: "stopping", tone: "none" },
  waiting: { word: "restart", tone: "warning" },
  exited: { word: "exited", tone: "none" },
  gave_up: { word: "gave up", tone: "bad" },
};

/** A row's process in a word or a few: `running`, `held back`, `restart 3 of 5, 12 s`. */
export function stateWords(row: AgentRow, now: number): string {
  const { state, run } = row.process;
  if (isHeld(row)) return "held back";
  if (state !== "waiting" || run === null) return PROCESS[state].word;
  const tries = run.max_restarts > 0 ? `${run.restarts} of ${run.max_restarts}` : `${run.restarts}`;
  return `restart ${tries}${run.next_start_at === null ? "" : `, ${leftWords(run.next_start_at, now)}`}`;
}

/** Whether its beats are held back until its process is well. */
export const isHeld = (row: AgentRow): boolean => row.verdict.code === "beats.held";

export function toneOf(row: AgentRow): string {
  return isHeld(row) ? "warning" : PROCESS[row.process.state].tone;
}

/** What is left until then, in whole seconds: `12 s`; `now` when it has come. */
export function leftWords(at: number, now: number): string {
  return at <= now ? "now" : length(Math.ceil((at - now) / 1_000) * 1_000);
}

/** `3 % · 88 MB` */
export function usageWords({ cpu_percent: cpu, memory_bytes: memory }: UsageView): string {
  return `${percent(cpu)} · ${bytes(memory)}`;
}

/** Of one core: `0.4 %`, `3 %`, `212 %`. */
export function percent(part: number): string {
  return `${part > 0 && part < 0.95 ? part.toFixed(1) : Math.round(part)} %`;
}

const UNITS = ["B", "KB", "MB", "GB", "TB"];

/** `512 B`, `88 MB`, `1.2 GB`: three digits at most, in steps of 1,024. */
export function bytes(value: number): string {
  let [size, unit] = [value, 0];
  // What would be rounded up to four digits belongs to the next unit.
  while (size >= 999.5 && unit < UNITS.length - 1) {
    size /= 1_024;
    unit += 1;
  }
  return `${unit > 0 && size < 9.95 ? size.toFixed(1) : Math.round(size)} ${UNITS[unit]}`;
}

/** Whether a person can have it started now. */
export function canStart({ process: { run, state } }: AgentRow): boolean {
  return run !== null && run.pid === null && state !== "starting";
}

/** Whether there is something to stop: a process, or one that would be started again. */
export function canStop({ process: { run, state } }: AgentRow): boolean {
  return (
    run !== null && state !== "stopping" && (run.pid !== null || state === "starting" || state === "waiting")
  );
}

/** Whether a recovery can be held, or let go: not where all of it was tried already. */
export function canHold({ held, rungs }: LadderView): boolean {
  return held || rungs.some(({ state }) => state !== "failed" && state !== "skipped");
}

/** Whether we hold its link, or would. */
export const isSpokenFor = (row: AgentRow): boolean => row.speaker === "app" && !row.paused;

/** A process that is started here, or a link of ours. */
export const canRestart = (row: AgentRow): boolean => row.process.run !== null || isSpokenFor(row);
