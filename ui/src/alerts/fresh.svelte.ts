import { type Problem, problemOf } from "../host/host";
import type { Session } from "../session.svelte";

const APART_MS = 1_000;

/** What was read from the engine for as long as somebody looks at it. */
export interface Fresh<T> {
  /** The latest that was read. */
  readonly value: T | null;
  /** Why it could not be read the last time. */
  readonly problem: Problem | null;
  /** Reads it again at once. */
  again(): Promise<void>;
}

/**
 * Reads something now, when the question changes, and when the fleet has changed, at most once a second or as often as
 * is said. For use while a component is made, with whose life it ends.
 */
export function fresh<Question, T>(
  session: Session,
  asks: () => Question,
  answer: (question: Question) => Promise<T>,
  apartMs = APART_MS,
): Fresh<T> {
  let value = $state.raw<T | null>(null);
  let problem = $state.raw<Problem | null>(null);
  const question = $derived(JSON.stringify(asks()));
  let before: string | null = null;
  let readAt = -Infinity;
  let asked = 0;
  let ended = false;

  async function read(): Promise<void> {
    const mine = ++asked;
    readAt = Date.now();
    try {
      const found = await answer(JSON.parse(question) as Question);
      // An answer that was overtaken by a later question's would bring back what is over.
      if (mine !== asked || ended) return;
      value = found;
      problem = null;
    } catch (error) {
      if (mine === asked && !ended) problem = problemOf(error);
    }
  }

  $effect(() => {
    void session.fleet.version;
    const wait = question === before ? Math.max(0, readAt + apartMs - Date.now()) : 0;
    before = question;
    const timer = setTimeout(() => void read(), wait);
    return () => clearTimeout(timer);
  });
  $effect(() => () => void (ended = true));

  return {
    get value() {
      return value;
    },
    get problem() {
      return problem;
    },
    again: read,
  };
}
