/** When to pull, with one pull in flight, and what happens when one fails. It knows nothing of what is pulled. */

export interface PullOptions {
  /** Pulls everything since a revision, folds it in, and returns the revision it led to. */
  pull: (since: number) => Promise<number>;
  /** The last pull failed; `retryAt` is on the same clock as `Date.now`. */
  failed: (error: unknown, retryAt: number) => void;
  /** A pull worked after others had failed. */
  recovered: () => void;
}

export const POLL_MS = 5_000;
export const TIMEOUT_MS = 15_000;
const BACKOFF_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

export class PullLoop {
  readonly #options: PullOptions;
  #revision = 0;
  #inFlight = false;
  #wanted = false;
  #failures = 0;
  #hidden = false;
  #stopped = true;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(options: PullOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#wanted = true;
    this.#next();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  /** Something changed. Revisions that are already here need no pull; while failing, the backoff keeps its pace. */
  poke(revision?: number): void {
    if (revision !== undefined && revision <= this.#revision) return;
    this.#wanted = true;
    if (this.#failures === 0) this.#next();
  }

  /** The user asked, or the window came back: at once, whatever the backoff says. */
  now(): void {
    this.#wanted = true;
    this.#next();
  }

  setHidden(hidden: boolean): void {
    if (hidden === this.#hidden) return;
    this.#hidden = hidden;
    if (hidden) this.#cancel();
    else this.now();
  }

  #next(): void {
    if (this.#stopped || this.#hidden || this.#inFlight || !this.#wanted) return;
    this.#cancel();
    this.#wanted = false;
    this.#inFlight = true;
    void this.#pull();
  }

  async #pull(): Promise<void> {
    try {
      this.#revision = await withTimeout(this.#options.pull(this.#revision), TIMEOUT_MS);
      this.#inFlight = false;
      if (this.#failures > 0 && !this.#stopped) this.#options.recovered();
      this.#failures = 0;
      this.#wait(POLL_MS);
      this.#next();
    } catch (error) {
      this.#inFlight = false;
      const wait = BACKOFF_MS[Math.min(this.#failures, BACKOFF_MS.length - 1)] as number;
      this.#failures += 1;
      if (!this.#stopped) this.#options.failed(error, Date.now() + wait);
      this.#wait(wait);
    }
  }

  #wait(ms: number): void {
    this.#cancel();
    if (this.#stopped || this.#hidden) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.now();
    }, ms);
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}

/** A pull that never answers must not stop all later ones. */
function withTimeout<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () =>
        reject({
          code: "window.timeout",
          sentence: `The engine did not answer within ${ms / 1000} s.`,
          remedy: "It is asked again; restart Beatkeeper if this stays.",
        }),
      ms,
    );
    work.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error: unknown) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}
