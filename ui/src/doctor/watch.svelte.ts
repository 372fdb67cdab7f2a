import { type DoctorAsked, type DoctorHost, type DoctorRun, type Problem, problemOf } from "../host/host";

const APART_MS = 250;
/** An engine that does not answer is asked less often. */
const TROUBLED_MS = 1_000;

/** An agent's latest run of the doctor, followed for as long as somebody looks at it and it is under way. */
export class Watch {
  run = $state.raw<DoctorRun | null>(null);
  /** Whether it is known what run there is, if any. */
  known = $state(false);
  /** Whether the engine has forgotten the run that was followed. */
  lost = $state(false);
  /** Whether the run was stopped here: how far it had come is all that is left of it. */
  stopped = $state(false);
  /** Whether a run is being started or stopped. */
  busy = $state(false);
  /** Why the run could not be read the last time. */
  problem = $state.raw<Problem | null>(null);
  /** Why what was asked for was not done. */
  refused = $state.raw<Problem | null>(null);

  readonly #host: DoctorHost;
  readonly #id: string;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #asked = 0;
  #ended = false;

  constructor(host: DoctorHost, id: string) {
    this.#host = host;
    this.#id = id;
  }

  get underWay(): boolean {
    return this.run?.done === false && !this.stopped;
  }

  /** Begins to follow; answers what ends it. */
  follow(): () => void {
    document.addEventListener("visibilitychange", this.#visibility);
    void this.look();
    return () => {
      this.#ended = true;
      this.#rest();
      document.removeEventListener("visibilitychange", this.#visibility);
    };
  }

  async start(asked: DoctorAsked): Promise<void> {
    await this.#attempt(async () => {
      const run = await this.#host.doctorStart(this.#id, asked);
      // What was asked before it tells of the run that it replaced.
      this.#asked += 1;
      this.#take(run);
    });
    this.#next(APART_MS);
  }

  async stop(): Promise<void> {
    await this.#attempt(async () => {
      await this.#host.doctorStop(this.#id);
      // What was asked before it would say that the run is lost.
      this.#asked += 1;
      this.stopped = this.underWay;
    });
    this.#next(APART_MS);
  }

  async look(): Promise<void> {
    this.#rest();
    const mine = ++this.#asked;
    try {
      const run = await this.#host.doctorLook(this.#id);
      if (mine !== this.#asked) return;
      this.#take(run);
    } catch (error) {
      if (mine !== this.#asked) return;
      this.problem = problemOf(error);
    }
    this.#next(this.problem === null ? APART_MS : TROUBLED_MS);
  }

  #take(run: DoctorRun | null): void {
    this.lost = run === null && (this.lost || this.run !== null);
    this.stopped = false;
    this.run = run;
    this.known = true;
    this.problem = null;
  }

  async #attempt(work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.refused = null;
    try {
      await work();
    } catch (error) {
      this.refused = problemOf(error);
    } finally {
      this.busy = false;
    }
  }

  #next(ms: number): void {
    this.#rest();
    const more = this.underWay || this.problem !== null;
    if (more && !this.#ended && !document.hidden) this.#timer = setTimeout(() => void this.look(), ms);
  }

  #rest(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  readonly #visibility = (): void => {
    if (document.hidden) this.#rest();
    else this.#next(0);
  };
}
