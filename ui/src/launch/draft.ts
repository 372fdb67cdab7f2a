import type { BeatsBy } from "../host/bindings/BeatsBy";
import type { RestartPolicy } from "../host/bindings/RestartPolicy";
import type { RungKind } from "../host/bindings/RungKind";
import type {
  AgentRunView,
  KeyUse,
  ProbeEntry,
  Proposal,
  RunGiven,
  RungGiven,
  StopSignal,
} from "../host/host";
import { lineOf, parseWords } from "./words";

/** A number that is the usual one when nothing is typed; NaN when what is typed is none. */
type Typed = number | null;

export type ProbeWay = "usual" | "http" | "tcp" | "command" | "log";

export interface ProbeDraft {
  way: ProbeWay;
  /** The address, the command or the pattern. */
  text: string;
  every: Typed;
  within: Typed;
  failures: Typed;
  startWithin: Typed;
}

export interface RungDraft {
  /** Tells it from the others while they are moved. */
  key: number;
  kind: RungKind;
  after: Typed;
  workedWithin: Typed;
  command: string;
  container: string;
  image: string;
}

/** How an agent is started, as it is typed. */
export interface Draft {
  command: string;
  folder: string;
  env: { name: string; value: string }[];
  envFile: string;
  withApp: boolean;
  /** Names, with commas. */
  dependsOn: string;
  stopSignal: StopSignal;
  stopGrace: Typed;
  restart: RestartPolicy;
  maxRestarts: Typed;
  /** Numbers, with commas. */
  successCodes: string;
  keyWay: KeyUse;
  registryUrl: boolean;
  beats: BeatsBy;
  truthful: boolean;
  ready: ProbeDraft;
  live: ProbeDraft;
  rungs: RungDraft[];
}

export const SIGNALS: StopSignal[] = ["TERM", "INT", "QUIT", "HUP", "USR1", "USR2", "KILL"];

/** Rungs, and what they are given. */
export const RUNG_KINDS: Record<RungKind, { word: string; needs: ("command" | "container" | "image")[] }> = {
  restart: { word: "Restart it", needs: [] },
  replace: { word: "Start something else in its place", needs: ["command"] },
  docker_restart: { word: "docker restart", needs: ["container"] },
  docker_run: { word: "docker run", needs: ["image", "container"] },
  alert: { word: "Tell me", needs: [] },
};

export function draftOf({ run, recover, beats, truthful, proposal }: AgentRunView): Draft {
  const { command, folder } = run ?? proposal ?? { command: [], folder: null };
  return {
    command: lineOf(command),
    folder: folder ?? "",
    env: Object.entries(run?.env ?? proposal?.env ?? {}).map(([name, value]) => ({ name, value })),
    envFile: run?.env_file ?? "",
    withApp: run?.start === "with_app",
    dependsOn: (run?.depends_on ?? []).join(", "),
    stopSignal: run?.stop_signal ?? "TERM",
    stopGrace: unusual(run?.stop_grace, 10),
    restart: run?.restart ?? "on_failure",
    maxRestarts: unusual(run?.max_restarts, 5),
    successCodes: codesOf(run?.success_codes ?? [0]),
    keyWay: run?.key ?? "inject",
    registryUrl: run?.registry_url ?? false,
    beats,
    truthful: truthful ?? true,
    ready: probeOf(run?.ready ?? null),
    live: probeOf(run?.live ?? ofHealth(proposal)),
    rungs: recover.map((rung, key) => rungOf(rung, key)),
  };
}

/** Nothing where it is what it is without being typed: the field shows that by itself. */
function unusual(value: number | undefined, usual: number): Typed {
  return value === undefined || value === usual ? null : value;
}

function codesOf(codes: readonly number[]): string {
  return codes.length === 1 && codes[0] === 0 ? "" : codes.join(", ");
}

/** As a project suggests it, and the rest as it is. */
export function proposed(draft: Draft, proposal: Proposal): Draft {
  const live = proposal.health === null ? draft.live : probeOf(ofHealth(proposal));
  const env = Object.entries(proposal.env).map(([name, value]) => ({ name, value }));
  const others = draft.env.filter(({ name }) => !(name in proposal.env));
  return {
    ...draft,
    command: lineOf(proposal.command),
    folder: proposal.folder,
    env: [...others, ...env],
    live,
  };
}

function ofHealth(proposal: Proposal | null): Partial<ProbeEntry> | null {
  return proposal?.health ? { http: proposal.health } : null;
}

function probeOf(probe: Partial<ProbeEntry> | null): ProbeDraft {
  const { http, tcp, command, log } = probe ?? {};
  const way: ProbeWay = http ? "http" : tcp ? "tcp" : command ? "command" : log ? "log" : "usual";
  return {
    way,
    text: http || tcp || (command ? lineOf(command) : (log ?? "")),
    every: unusual(probe?.every, 5),
    within: unusual(probe?.within, 3),
    failures: unusual(probe?.failures, 3),
    startWithin: unusual(probe?.start_within, 60),
  };
}

export function rungOf(rung: RungGiven, key: number): RungDraft {
  return {
    key,
    kind: rung.do,
    after: unusual(rung.after, 30),
    workedWithin: rung.worked_within ?? null,
    command: lineOf(rung.command ?? []),
    container: rung.container ?? "",
    image: rung.image ?? "",
  };
}

/** What differs from the usual, and nothing else. */
export function runOf(draft: Draft): RunGiven {
  const env = draft.env.filter(({ name }) => name.trim() !== "");
  const dependsOn = listOf(draft.dependsOn);
  const codes = listOf(draft.successCodes).map(Number);
  const [ready, live] = [entryOfProbe(draft.ready), entryOfProbe(draft.live)];
  return {
    command: parseWords(draft.command).words,
    ...(draft.folder.trim() === "" ? {} : { folder: draft.folder.trim() }),
    ...(env.length === 0
      ? {}
      : { env: Object.fromEntries(env.map(({ name, value }) => [name.trim(), value])) }),
    ...(draft.envFile.trim() === "" ? {} : { env_file: draft.envFile.trim() }),
    ...(draft.withApp ? { start: "with_app" as const } : {}),
    ...(dependsOn.length === 0 ? {} : { depends_on: dependsOn }),
    ...(draft.stopSignal === "TERM" ? {} : { stop_signal: draft.stopSignal }),
    ...(draft.stopGrace === null ? {} : { stop_grace: draft.stopGrace }),
    ...(draft.restart === "on_failure" ? {} : { restart: draft.restart }),
    ...(draft.maxRestarts === null ? {} : { max_restarts: draft.maxRestarts }),
    ...(codes.length === 0 ? {} : { success_codes: codes }),
    ...(draft.keyWay === "inject" ? {} : { key: draft.keyWay }),
    ...(draft.registryUrl ? { registry_url: true } : {}),
    ...(ready ? { ready } : {}),
    ...(live ? { live } : {}),
  };
}

export function recoverOf({ rungs }: Draft): RungGiven[] {
  return rungs.map(({ kind, after, workedWithin, command, container, image }) => {
    const { needs } = RUNG_KINDS[kind];
    return {
      do: kind,
      ...(after === null ? {} : { after }),
      ...(workedWithin === null ? {} : { worked_within: workedWithin }),
      ...(needs.includes("command") ? { command: parseWords(command).words } : {}),
      ...(needs.includes("container") && container.trim() !== "" ? { container: container.trim() } : {}),
      ...(needs.includes("image") ? { image: image.trim() } : {}),
    };
  });
}

function entryOfProbe({
  way,
  text,
  every,
  within,
  failures,
  startWithin,
}: ProbeDraft): Partial<ProbeEntry> | null {
  const numbers = {
    ...(every === null ? {} : { every }),
    ...(within === null ? {} : { within }),
    ...(failures === null ? {} : { failures }),
    ...(startWithin === null ? {} : { start_within: startWithin }),
  };
  if (way === "usual") return null;
  return way === "command"
    ? { command: parseWords(text).words, ...numbers }
    : { [way]: text.trim(), ...numbers };
}

export function listOf(typed: string): string[] {
  return typed.split(",").flatMap((each) => each.trim() || []);
}

const CONTAINER = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** What cannot be sent as it is, by the names that the engine has for the fields. */
export function problemsOf(draft: Draft): Map<string, string> {
  const problems = new Map<string, string>();
  const say = (field: string, wrong: string | null | false) => wrong && problems.set(field, wrong);
  say(
    "run.command",
    wrongCommand(draft.command, "Give the program and its arguments, such as python3 agent.py."),
  );
  draft.env.forEach(({ name, value }, at) => {
    const bad = name.includes("=") || /\s/.test(name);
    say(`run.env.${at}`, bad && "A name of the environment has no = and no space in it.");
    say(`run.env.${at}`, name.trim() === "" && value !== "" && "Give this value a name.");
  });
  const codes = listOf(draft.successCodes);
  const wrong = codes.find((code) => !/^\d+$/.test(code) || Number(code) > 255);
  say("run.success_codes", wrong !== undefined && `${wrong} is no exit code: give numbers from 0 to 255.`);
  for (const which of ["ready", "live"] as const) {
    const { way, text } = draft[which];
    say(`run.${which}`, wrongProbe(way, text));
  }
  draft.rungs.forEach(({ kind, command, container, image }, at) => {
    const { needs } = RUNG_KINDS[kind];
    if (needs.includes("command"))
      say(`recover.${at}.command`, wrongCommand(command, "Give a program to start."));
    if (needs.includes("image")) say(`recover.${at}.image`, image.trim() === "" && "Give the image to run.");
    // A name for what is run can be left to docker.
    const named = container.trim() !== "" || kind === "docker_restart";
    if (needs.includes("container") && named && !CONTAINER.test(container.trim()))
      say(
        `recover.${at}.container`,
        "A container's name has letters, digits, _ . and -, and begins with one of the first two.",
      );
  });
  return problems;
}

function wrongCommand(line: string, empty: string): string | null {
  const { words, problem } = parseWords(line);
  return problem ?? (words.length === 0 || words[0] === "" ? empty : null);
}

function wrongProbe(way: ProbeWay, text: string): string | null {
  const typed = text.trim();
  switch (way) {
    case "usual":
      return null;
    case "http":
      return /^https?:\/\//.test(typed) && URL.canParse(typed)
        ? null
        : "Give an address, such as http://127.0.0.1:5000/health.";
    case "tcp":
      return /^\S+:\d{1,5}$/.test(typed) ? null : "Give a host and a port, such as 127.0.0.1:5000.";
    case "command":
      return wrongCommand(text, "Give a program that ends with 0 when it is well.");
    case "log":
      return typed === "" ? "Give what a line has in it when it is ready." : null;
  }
}
