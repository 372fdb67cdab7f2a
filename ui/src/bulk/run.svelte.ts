import { isOnlySeen } from "../agent/field";
import type { AgentRow } from "../host/bindings/AgentRow";
import { type Answered, type Host, type Problem, problemOf } from "../host/host";
import { canRestart, canStart, canStop } from "../process/words";

export type Action =
  "start" | "stop" | "restart" | "watch" | "pause" | "resume" | "snooze" | "wake" | "remove";
export type Step = "waiting" | "running" | "done" | "failed";

export interface Task {
  readonly id: string;
  readonly name: string;
  step: Step;
  problem: Problem | null;
}

interface Words {
  /** On the button. */
  verb: string;
  /** After whom it is done to. */
  tail?: string;
  /** While it goes on, and when it is over. */
  doing: string;
  done: string;
  /** What it can be done to. */
  suits: (row: AgentRow) => boolean;
}

export const ACTIONS: Record<Action, Words> = {
  start: { verb: "Start", doing: "Starting", done: "started", suits: canStart },
  stop: { verb: "Stop", doing: "Stopping", done: "stopped", suits: canStop },
  watch: { verb: "Watch", doing: "Taking in", done: "watched", suits: isOnlySeen },
  pause: { verb: "Pause", doing: "Pausing", done: "paused", suits: (row) => !row.paused && !isOnlySeen(row) },
  resume: { verb: "Resume", doing: "Resuming", done: "resumed", suits: (row) => row.paused },
  restart: {
    verb: "Restart",
    doing: "Restarting",
    done: "restarted",
    suits: canRestart,
  },
  snooze: {
    verb: "Snooze",
    tail: " 1 h",
    doing: "Snoozing",
    done: "snoozed for 1 h",
    suits: (row) => row.snoozed_until === null,
  },
  wake: {
    verb: "End snooze",
    doing: "Ending the snooze of",
    done: "no longer snoozed",
    suits: (row) => row.snoozed_until !== null,
  },
  remove: { verb: "Remove", doing: "Removing", done: "removed", suits: (row) => !isOnlySeen(row) },
};

/** Takes in an agent that was only seen: it beats by itself, as often as it does. */
export async function takeIn(host: Host, { registry, name, interval_ms }: AgentRow): Promise<void> {
  await host.agentOnBus(registry.name, name, "agent", Math.ceil(interval_ms / 1_000));
}

/** The answer for one agent: what was refused is thrown. */
export async function settled(answers: Promise<Answered[]>): Promise<void> {
  const refusal = (await answers)[0]?.refusal ?? null;
  if (refusal !== null) throw refusal;
}

/** The engine answers from one place; more at once would only wait there. */
const AT_ONCE = 4;

/** One action for many agents. What fails does not keep the others from it, and can be tried again. */
export class Run {
  readonly action: Action;
  readonly tasks: readonly Task[];
  going = $state(false);
  done = $state(0);
  failed = $state(0);
  /** Grows with every step of a task; whoever reads tasks reads this first. */
  version = $state(0);
  readonly #work: (task: Task) => Promise<void>;
  #stopped = false;

  constructor(host: Host, action: Action, rows: readonly AgentRow[], deleteKeys = false) {
    this.action = action;
    this.tasks = rows.map(({ id, name }) => ({ id, name, step: "waiting", problem: null }));
    const work: Record<Action, (task: Task) => Promise<void>> = {
      start: ({ id }) => settled(host.agentUp([id])),
      stop: ({ id }) => settled(host.agentDown([id])),
      watch: async ({ id }) => {
        const row = rows.find((each) => each.id === id);
        if (row) await takeIn(host, row);
      },
      pause: ({ id }) => host.agentSetPaused(id, true),
      resume: ({ id }) => host.agentSetPaused(id, false),
      restart: ({ id }) => host.agentRestart(id),
      snooze: ({ id }) => host.agentSnooze(id),
      wake: ({ id }) => host.agentSnooze(id, 0),
      // By the name that the user saw: the engine refuses when it has become another agent's.
      remove: ({ id, name }) => host.agentRemove(id, name, deleteKeys),
    };
    this.#work = work[action];
  }

  get left(): number {
    return this.tasks.length - this.done - this.failed;
  }

  /** Does what waits, and what has failed before. */
  async start(): Promise<void> {
    if (this.going) return;
    this.going = true;
    this.#stopped = false;
    const todo = this.tasks.filter(({ step }) => step !== "done");
    for (const task of todo) Object.assign(task, { step: "waiting", problem: null });
    this.failed = 0;
    this.version += 1;
    await Promise.all(Array.from({ length: AT_ONCE }, () => this.#drain(todo)));
    this.going = false;
  }

  /** What is under way is finished; the rest is left as it is. */
  stop(): void {
    this.#stopped = true;
  }

  async #drain(todo: Task[]): Promise<void> {
    for (let task = todo.shift(); task && !this.#stopped; task = todo.shift()) {
      task.step = "running";
      this.version += 1;
      try {
        await this.#work(task);
        task.step = "done";
        this.done += 1;
      } catch (error) {
        task.problem = problemOf(error);
        task.step = "failed";
        this.failed += 1;
      }
      this.version += 1;
    }
  }
}
