import type { BeatsBy } from "./bindings/BeatsBy";
import type { Refusal } from "./bindings/Refusal";
import type { RestartPolicy } from "./bindings/RestartPolicy";
import type { RungKind } from "./bindings/RungKind";
import type { Time } from "./bindings/Time";

/** What the window asks about agents that are started here. */
export interface LocalHost {
  /** Starts them; each that is refused has its reason, and the others go on. */
  agentUp(ids: string[]): Promise<Answered[]>;
  /** Stops them: asked to end first, then made to. */
  agentDown(ids: string[]): Promise<Answered[]>;
  /** How it is started, recovered, and who beats for it. */
  agentRun(id: string): Promise<RunSetup>;
  /** Without `run` it is no longer started here. */
  agentRunSet(id: string, run: RunEntry | null, recover: RungEntry[], beats: BeatsBy): Promise<void>;
  /** What is found in a folder that could be started; nothing in one without a project. */
  runPropose(folder: string): Promise<Proposal[]>;
  /** Lines of its log; the newest ones where no place is named. */
  agentLog(id: string, place: LogAsked, limit: number): Promise<LogPage>;
  /** Lines in which the pattern is, from a place on or back from it. */
  agentLogSearch(
    id: string,
    pattern: string,
    from: LogCursor,
    back: boolean,
    limit: number,
  ): Promise<LogPage>;
  agentLogMark(id: string, text: string): Promise<void>;
  /** Deletes what is kept of its log. */
  agentLogClear(id: string): Promise<void>;
  /** Where it was started, oldest first. */
  agentLogStarts(id: string): Promise<LogStart[]>;
  /** Holds its recovery before the next rung, or lets it go on. */
  ladderHold(id: string, on: boolean): Promise<void>;
  /** Leaves the present rung out. */
  ladderSkip(id: string): Promise<void>;
}

/** What became of one agent of several. */
export interface Answered {
  id: string;
  refusal: Refusal | null;
}

/** A place in a log: bytes since it began, in decimal digits. */
export type LogCursor = string;

/** Lines from a place on, or those before it; the newest ones without either. */
export type LogAsked = { after: LogCursor } | { before: LogCursor } | Record<string, never>;

/** Where a line comes from: the agent's standard output, its standard error, or Beatkeeper. */
export type LogStream = "out" | "err" | "note";

/** How grave a line calls itself. */
export type LogLevel = "trace" | "debug" | "info" | "warn" | "error";

export interface LogLine {
  /** Its place, which names it. */
  cursor: LogCursor;
  at: Time;
  stream: LogStream;
  /** Escape sequences for colours are in it. */
  text: string;
  /** So many bytes were left out at its end. */
  cut?: number | null;
  level?: LogLevel | null;
}

/** Some lines, oldest first, and where they are. */
export interface LogPage {
  lines: LogLine[];
  /** Read on backwards from here, and forwards from `to`. */
  from: LogCursor;
  to: LogCursor;
  /** Where the oldest line begins that is still kept. */
  oldest: LogCursor;
  /** Bytes that should have been here, and were gone before they were read. */
  skipped: number;
  at_begin: boolean;
  at_end: boolean;
}

export interface LogStart {
  cursor: LogCursor;
  at: Time;
  text: string;
}

/** How an agent is started, as in `[agent.run]`; what is left out is as usual. */
export interface RunEntry {
  /** The program and its arguments, without a shell. */
  command: string[];
  folder?: string;
  env?: Record<string, string>;
  env_file?: string;
  start?: StartWhen;
  depends_on?: string[];
  stop_signal?: StopSignal;
  /** Seconds until it is made to end. */
  stop_grace?: number;
  restart?: RestartPolicy;
  /** In a row; never given up for 0. */
  max_restarts?: number;
  success_codes?: number[];
  key?: KeyWay;
  registry_url?: boolean;
  /** Beats only while the live probe is well. */
  truthful?: boolean;
  ready?: ProbeEntry;
  live?: ProbeEntry;
}

export type StartWhen = "manual" | "with_app";
export type StopSignal = "TERM" | "INT" | "QUIT" | "HUP" | "USR1" | "USR2" | "KILL";
/** How it comes to its key: in its environment, by asking for signatures, or not at all. */
export type KeyWay = "inject" | "signer" | "none";

/** One way to ask whether it is up or well. */
export interface ProbeEntry {
  http?: string;
  tcp?: string;
  command?: string[];
  /** A line of its log; for `ready` alone. */
  log?: string;
  every?: number;
  within?: number;
  failures?: number;
  start_within?: number;
}

/** A rung of its recovery, as in `[[agent.recover]]`. */
export interface RungEntry {
  do: RungKind;
  after?: number;
  worked_within?: number;
  command?: string[];
  container?: string;
  image?: string;
}

export interface RunSetup {
  run: RunEntry | null;
  recover: RungEntry[];
  beats: BeatsBy;
  /** What its project suggests, while it is not set up. */
  proposal: Proposal | null;
}

/** A project that could be started. */
export interface Proposal {
  name: string;
  folder: string;
  command: string[];
  port: number | null;
  health: string | null;
  entity: string | null;
  /** Why this command, in a sentence. */
  why: string;
}
