import { isRecord } from "./kept";

const VERSION = 1;

/**
 * How the page is, part by part, so that it comes back as it was after its window was let go to save memory. The shell
 * keeps it in its own memory: a restart of the app begins on top, as ever.
 */
export class PageState {
  readonly #was = new Map<string, unknown>();
  readonly #parts = new Map<string, () => unknown>();

  constructor(was: unknown = null) {
    if (!isRecord(was) || was.version !== VERSION || !isRecord(was.parts)) return;
    this.#was = new Map(Object.entries(was.parts));
  }

  /** How a part was, once: what is opened a second time begins as usual. Nothing if it does not pass the check. */
  was<T>(part: string, check: (value: unknown) => T | null): T | null {
    const value = this.#was.get(part);
    this.#was.delete(part);
    return check(value);
  }

  /** Says how to learn how a part is, until the returned end. */
  keep(part: string, how: () => unknown): () => void {
    this.#parts.set(part, how);
    return () => void this.#parts.delete(part);
  }

  /** What the next page is given. */
  now(): unknown {
    return {
      version: VERSION,
      parts: Object.fromEntries([...this.#parts].map(([part, how]) => [part, how()])),
    };
  }
}

export function textOrNull(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}
