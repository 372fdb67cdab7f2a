import type { Adopted } from "./bindings/Adopted";
import type { AgentRunView } from "./bindings/AgentRunView";
import type { BeatsBy } from "./bindings/BeatsBy";
import type { LogCursor } from "./bindings/LogCursor";
import type { LogPage } from "./bindings/LogPage";
import type { LogStart } from "./bindings/LogStart";
import type { ProbeEntry } from "./bindings/ProbeEntry";
import type { ProjectPreview } from "./bindings/ProjectPreview";
import type { Proposal } from "./bindings/Proposal";
import type { Refusal } from "./bindings/Refusal";
import type { RunEntry } from "./bindings/RunEntry";
import type { RungEntry } from "./bindings/RungEntry";
import type { UsagePoint } from "./bindings/UsagePoint";
import type { SignerAudit } from "./bindings/SignerAudit";

export type { Adopted } from "./bindings/Adopted";
export type { AgentRunView } from "./bindings/AgentRunView";
export type { KeyUse } from "./bindings/KeyUse";
export type { LogCursor } from "./bindings/LogCursor";
export type { LogLevel } from "./bindings/LogLevel";
export type { LogLine } from "./bindings/LogLine";
export type { LogPage } from "./bindings/LogPage";
export type { LogStart } from "./bindings/LogStart";
export type { LogStream } from "./bindings/LogStream";
export type { ProbeEntry } from "./bindings/ProbeEntry";
export type { ProgramView } from "./bindings/ProgramView";
export type { ProjectAgentView } from "./bindings/ProjectAgentView";
export type { ProjectPreview } from "./bindings/ProjectPreview";
export type { Proposal } from "./bindings/Proposal";
export type { RunEntry } from "./bindings/RunEntry";
export type { RungEntry } from "./bindings/RungEntry";
export type { SignerAudit } from "./bindings/SignerAudit";
export type { SigningEntry } from "./bindings/SigningEntry";
export type { StopSignal } from "./bindings/StopSignal";

/** What the window asks about agents that are started here. */
export interface LocalHost {
  /** Starts them; each that is refused has its reason, and the others go on. */
  agentUp(ids: string[]): Promise<Answered[]>;
  /** Stops them: asked to end first, then made to. */
  agentDown(ids: string[]): Promise<Answered[]>;
  /** How it is started, recovered, and who beats for it. */
  agentRun(id: string): Promise<AgentRunView>;
  /** Without `run` it is no longer started here; `truthful` is nothing where it is as usual. */
  agentRunSet(
    id: string,
    run: RunGiven | null,
    recover: RungGiven[],
    beats: BeatsBy,
    truthful: boolean | null,
  ): Promise<void>;
  /** What is found in a folder that could be started; nothing in one without a project. */
  runPropose(folder: string): Promise<Proposal[]>;
  /** What a project's own file describes, and what adopting it would do; nothing where there is no such file. */
  projectPreview(folder: string): Promise<ProjectPreview | null>;
  /** Takes its agents in, if its file still is what was seen. */
  projectAdopt(folder: string, seen: string): Promise<Adopted[]>;
  /** What was signed for one that does not hold its key. */
  signerAudit(id: string): Promise<SignerAudit>;
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
  /** What its process cost in a time, oldest first; nothing where it did not run. */
  agentUsage(id: string, from: number, to: number): Promise<UsagePoint[]>;
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

/** Lines from a place on, or those before it; the newest ones without either. */
export type LogAsked = { after: LogCursor } | { before: LogCursor } | Record<string, never>;

/** How an agent is to be started; what is left out is as usual. */
export type RunGiven = Pick<RunEntry, "command"> &
  Partial<Omit<RunEntry, "ready" | "live"> & Record<"ready" | "live", Partial<ProbeEntry>>>;

export type RungGiven = Pick<RungEntry, "do"> & Partial<RungEntry>;
