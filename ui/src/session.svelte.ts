import type { EngineStatus, Host, Problem, Unlisten } from "./host/host";
import { problemOf } from "./host/host";
import { EngineClock } from "./lib/clock";
import { PullLoop } from "./lib/pull";
import { Fleet } from "./fleet/fleet.svelte";
import { Strips } from "./fleet/strips.svelte";

const STATUS_MS = 5_000;

/** One window's life: the clock, the pull loop, the engine's state, and what the user opened. */
export class Session {
  readonly host: Host;
  readonly fleet = new Fleet();
  readonly strips: Strips;
  /** Engine time, a second at a time. */
  now = $state(Date.now());
  status = $state.raw<EngineStatus | null>(null);
  /** Why the last pull failed, and when the next one is. */
  trouble = $state.raw<{ problem: Problem; retryAt: number } | null>(null);
  loaded = $state(false);
  /** An agent to scroll to as soon as it is in the table. */
  reveal = $state<string | null>(null);
  adding = $state(false);

  readonly #clock: EngineClock;
  readonly #loop: PullLoop;
  #statusTimer: ReturnType<typeof setTimeout> | null = null;
  #unlisten: Unlisten[] = [];

  constructor(host: Host) {
    this.host = host;
    this.strips = new Strips(host);
    this.#clock = new EngineClock(
      (now) => (this.now = now),
      () => performance.now(),
      () => Date.now(),
    );
    this.#loop = new PullLoop({
      pull: async (since) => {
        const delta = await host.fleetDelta(since);
        this.#clock.sync(delta.now);
        this.fleet.apply(delta);
        this.loaded = true;
        return delta.revision;
      },
      failed: (error, retryAt) => (this.trouble = { problem: problemOf(error), retryAt }),
      recovered: () => (this.trouble = null),
    });
  }

  start(): void {
    this.#unlisten = [
      this.host.onFleetChanged((revision) => this.#loop.poke(revision)),
      this.host.onOpenAgent((id) => this.open(id)),
    ];
    document.addEventListener("visibilitychange", this.#visibility);
    this.#clock.start();
    this.#loop.start();
    this.#visibility();
    void this.#watchStatus();
  }

  stop(): void {
    for (const unlisten of this.#unlisten) unlisten();
    document.removeEventListener("visibilitychange", this.#visibility);
    this.#clock.stop();
    this.#loop.stop();
    if (this.#statusTimer !== null) clearTimeout(this.#statusTimer);
  }

  /** Opens an agent's page and brings its row into sight, through any filter. */
  open(id: string): void {
    if (this.fleet.filtered && !this.fleet.visible.includes(id))
      this.fleet.setFilter({ state: null, search: "" });
    this.fleet.opened = id;
    this.reveal = id;
  }

  /** Pulls at once, after something that was asked for here. */
  pull(): void {
    this.#loop.now();
  }

  async pauseAlerts(minutes: number): Promise<void> {
    await this.host.pauseAlerts(minutes);
    await this.readStatus();
  }

  async readStatus(): Promise<void> {
    try {
      this.status = await this.host.engineStatus();
    } catch (error) {
      const { sentence } = problemOf(error);
      this.status = {
        version: "",
        alerts_paused_until: null,
        config_problem: null,
        tray_problem: null,
        ...this.status,
        state: "failed",
        problem: sentence,
      };
    }
  }

  async #watchStatus(): Promise<void> {
    if (!document.hidden) await this.readStatus();
    const soon = this.status?.state === "starting" ? 1_000 : STATUS_MS;
    this.#statusTimer = setTimeout(() => void this.#watchStatus(), soon);
  }

  readonly #visibility = (): void => {
    this.#clock.setVisible(!document.hidden);
    this.#loop.setHidden(document.hidden);
  };
}
