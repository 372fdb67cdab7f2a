import type { CheckRow, DoctorRun, Layer, Outcome, Symptom } from "../host/host";
import { count } from "../lib/time";

/** What a person sees, in the words of a button. */
export const SYMPTOMS: readonly { key: Symptom | null; word: string; title: string }[] = [
  { key: "never_connects", word: "Never connects", title: "Its connection to the registry never opens" },
  { key: "drops", word: "Connects, then drops", title: "Its connection ends every few minutes" },
  {
    key: "inactive",
    word: "Alive but shown inactive",
    title: "Its process runs, and the registry shows it as inactive",
  },
  { key: null, word: "Just look", title: "Look at everything, and say what is wrong" },
];

export const LAYERS: Record<Layer, string> = {
  computer: "This computer",
  path: "The way to the registry",
  registry: "The registry",
  record: "Its record",
  link: "Its connection",
  beats: "Its beats",
  agent: "The agent itself",
};

/** How a check came out, for those who do not see its shape. */
export const OUTCOMES: Record<Outcome, string> = {
  waiting: "waiting",
  running: "under way",
  ok: "fine",
  notice: "worth knowing",
  bad: "wrong",
  unknown: "cannot be told",
  not_asked: "not asked",
};

export interface Group {
  layer: Layer;
  checks: CheckRow[];
}

/** The checks of each layer, in the order in which layers first come. */
export function groupsOf(checks: readonly CheckRow[]): Group[] {
  const groups = new Map<Layer, CheckRow[]>();
  for (const check of checks) {
    const group = groups.get(check.layer);
    if (group) group.push(check);
    else groups.set(check.layer, [check]);
  }
  return [...groups].map(([layer, of]) => ({ layer, checks: of }));
}

const isOver = ({ result }: CheckRow): boolean => result !== "waiting" && result !== "running";

/** The checks of a run that was stopped: what was not over never will be. */
export const asStopped = (checks: readonly CheckRow[]): CheckRow[] =>
  checks.map((row) => (isOver(row) ? row : { ...row, result: "not_asked" }));

/** How many checks are over. */
export const overOf = ({ checks }: DoctorRun): number => checks.filter(isOver).length;

/** `9 of 23 looked at`. */
export const progressWords = (run: DoctorRun): string =>
  `${count(overOf(run))} of ${count(run.checks.length)} looked at`;

/** `1 wrong, 20 fine, 2 not asked`; what there is none of is left out. */
export function sumWords({ checks }: DoctorRun): string {
  const worstFirst: Outcome[] = ["bad", "notice", "ok", "unknown", "not_asked"];
  return worstFirst
    .flatMap((outcome) => {
      const many = checks.filter(({ result }) => result === outcome).length;
      return many === 0 ? [] : [`${count(many)} ${OUTCOMES[outcome]}`];
    })
    .join(", ");
}
