import type { AlertsHost } from "./alerts";
import type { BeatStrip } from "./bindings/BeatStrip";
import type { Connection } from "./bindings/Connection";
import type { FleetDelta } from "./bindings/FleetDelta";
import type { Incident } from "./bindings/Incident";
import type { Refusal } from "./bindings/Refusal";
import type { RegistryHealth } from "./bindings/RegistryHealth";
import type { Transition } from "./bindings/Transition";
import type { BusHost, Spoken } from "./buses";
import type { DoctorHost } from "./doctor";
import type { LocalHost } from "./local";

export * from "./alerts";
export * from "./buses";
export * from "./doctor";
export * from "./local";

/** Everything the window asks of the program around it. */
export interface Host extends AlertsHost, BusHost, DoctorHost, LocalHost {
  fleetDelta(since: number): Promise<FleetDelta>;
  beatStrips(ids: string[], hours: Hours): Promise<Record<string, BeatStrip>>;
  agentHistory(id: string, limit: number): Promise<AgentHistory>;
  /** Writes the last hours into a file that the person chooses; nothing when that was cancelled. */
  agentExport(id: string, hours: number, format: "csv" | "json", name: string): Promise<string | null>;
  /** `replace` names what is stored under the agent's id and may go, as `Taken.by` has it. */
  agentImport(
    path: string,
    registry: string,
    name: string | null,
    replace: string | null,
    as?: ImportAs,
  ): Promise<NewAgent>;
  agentGenerate(registry: string, name: string): Promise<NewAgent>;
  agentDerive(
    developerPath: string,
    index: number,
    registry: string,
    name: string,
    replace: string | null,
  ): Promise<NewAgent>;
  agentRemove(id: string, confirmName: string, deleteKey: boolean): Promise<void>;
  agentSetPaused(id: string, paused: boolean): Promise<void>;
  /** Dials again now, whatever the backoff says. */
  agentRetry(id: string): Promise<void>;
  /** Its process when it is started here, else its link: closed and dialled anew. */
  agentRestart(id: string): Promise<void>;
  /** Holds its alerts, as long as is usual where nobody says; 0 ends that. */
  agentSnooze(id: string, minutes?: number): Promise<void>;
  agentSetTags(id: string, tags: string[]): Promise<void>;
  agentKey(id: string): Promise<KeyFace>;
  /** As `agentSnooze`, for everybody. */
  pauseAlerts(minutes?: number): Promise<void>;
  registries(): Promise<RegistryHealth[]>;
  registryAdd(name: string, url: string, spoken?: Spoken): Promise<void>;
  /** Starts a registry inside Beatkeeper, with a few agents that show the states. */
  demoStart(): Promise<{ agents: string[] }>;
  /** Removes it, its agents and their keys. */
  demoEnd(): Promise<void>;
  /** The system's own file dialog; nothing when it was cancelled. */
  pickFile(title: string): Promise<string | null>;
  pickFolder(title: string): Promise<string | null>;
  /** Keys that are on this computer already: in the usual places, and in these folders of projects. */
  keysFind(folders: string[]): Promise<FoundKey[]>;
  /** What these files are; what is no key has a `problem`. */
  keysLook(files: string[]): Promise<FoundKey[]>;
  /** Overwrites and deletes a key file whose key is in the vault. */
  keyFileShred(path: string): Promise<void>;
  engineStatus(): Promise<EngineStatus>;
  /** Has an engine that did not start try again; answers what became of it. */
  engineStart(): Promise<EngineStatus>;
  /** A new revision exists. */
  onFleetChanged(listener: (revision: number) => void): Unlisten;
  /** A notification was clicked. */
  onOpenAgents(listener: (ids: string[]) => void): Unlisten;
  /** The window is let go to save memory: what its page should come back as, or nothing while it must stay. */
  onRelease(state: () => unknown): Unlisten;
  /** How the page was when its window was let go, once; nothing for the first page. */
  pageWas(): Promise<unknown>;
  /** The first rows are on the screen. */
  pageDrawn(): void;
  /** Files are dragged over the window, away from it, or dropped on it. */
  onFilesDragged(listener: (drag: Drag) => void): Unlisten;
}

export type Unlisten = () => void;

/** How far back a strip goes. */
export type Hours = 1 | 24 | 720;

export type Drag = { state: "over" | "left" } | { state: "dropped"; paths: string[] };

/** Newest first. */
export interface AgentHistory {
  connections: Connection[];
  transitions: Transition[];
  incidents: Incident[];
}

/** What may be shown of an agent's key. */
export interface KeyFace {
  /** Four different answers; only one of them may be followed by another key. */
  presence: "present" | "absent" | "locked" | "unavailable";
  /** Where it is or would be, in words. */
  place: string;
  /** Of the key that is there, in hexadecimal digits; the agent's id ends with it. */
  fingerprint: string | null;
  public_key: string | null;
  /** Why it cannot be told. */
  reason: string | null;
  derived: { developer: string; index: number } | null;
}

/** How a key file is taken. */
export interface ImportAs {
  /** Although others than its owner can read it. */
  loose: boolean;
  service: boolean;
  /** The folder of the project that names it. */
  project: string | null;
}

/** A key file that was found, without its secret. */
export interface FoundKey {
  path: string;
  of: "agent" | "service" | "developer";
  name: string;
  id: string | null;
  /** The base URL of the registry at which it is probably registered. */
  registry: string;
  /** The file's permission bits, such as `0644`. */
  mode: string | null;
  /** Whether others than its owner can read it. */
  loose: boolean;
  index: number | null;
  /** The folder of the project that names it. */
  project: string | null;
  /** Whether its agent is here already. */
  known: boolean;
  /** Why it cannot be imported. */
  problem: string | null;
}

export interface NewAgent {
  id: string;
  name: string;
}

export interface EngineStatus {
  state: "running" | "starting" | "failed";
  problem: string | null;
  alerts_paused_until: number | null;
  config_problem: string | null;
  version: string;
  tray_problem: string | null;
}

/** How a command fails: a code for machines, a sentence and a remedy for people. */
export type Problem = Refusal;

/** What the engine says ends without a full stop; where something follows it, it has one. */
export const ended = (sentence: string): string => (/[.!?…]$/.test(sentence) ? sentence : `${sentence}.`);

/** What is wrong and what to do, in one line. */
export const toldOf = ({ sentence, remedy }: Pick<Problem, "sentence" | "remedy">): string =>
  `${ended(sentence)} ${remedy}`.trim();

/** Whatever was thrown, as something that can be shown. */
export function problemOf(error: unknown): Problem {
  if (isProblem(error)) return error;
  if (typeof error === "string" && error.trim() !== "") return unexpected(error);
  if (error instanceof Error && error.message !== "") return unexpected(error.message);
  return unexpected("Something went wrong, and no reason was given.");
}

function unexpected(sentence: string): Problem {
  return { code: "unexpected", sentence, remedy: "Try again; the log has the details." };
}

function isProblem(error: unknown): error is Problem {
  if (typeof error !== "object" || error === null) return false;
  const { code, sentence, remedy } = error as Record<string, unknown>;
  return typeof code === "string" && typeof sentence === "string" && typeof remedy === "string";
}
