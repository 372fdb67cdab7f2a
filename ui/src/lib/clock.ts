/**
 * The one clock of the window. It shows engine time, so that ages are right even when this computer's wall clock was
 * moved, and it rests while nobody looks.
 */
export class EngineClock {
  #offset: number;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #visible = true;
  #running = false;
  readonly #steady: () => number;
  readonly #tick: (now: number) => void;

  /** `steady` never jumps (such as `performance.now`); `tick` is called at every whole second of engine time. */
  constructor(tick: (now: number) => void, steady: () => number, wall: () => number) {
    this.#tick = tick;
    this.#steady = steady;
    this.#offset = wall() - steady();
  }

  now(): number {
    // Not every browser counts whole milliseconds, and the engine does.
    return Math.floor(this.#steady() + this.#offset);
  }

  /** Takes the engine's time. Small differences are the way here and back, and would only make seconds stutter. */
  sync(engineNow: number): void {
    if (Math.abs(engineNow - this.now()) < 300) return;
    this.#offset = engineNow - this.#steady();
    this.#tick(this.now());
  }

  start(): void {
    this.#running = true;
    this.#schedule();
  }

  stop(): void {
    this.#running = false;
    this.#cancel();
  }

  setVisible(visible: boolean): void {
    this.#visible = visible;
    if (!visible) this.#cancel();
    else if (this.#running && this.#timer === null) {
      this.#tick(this.now());
      this.#schedule();
    }
  }

  #schedule(): void {
    this.#cancel();
    if (!this.#running || !this.#visible) return;
    const untilNext = 1000 - (this.now() % 1000);
    this.#timer = setTimeout(() => {
      this.#tick(this.now());
      this.#schedule();
    }, untilNext);
  }

  #cancel(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
