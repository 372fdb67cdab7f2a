import { asTab, placeOf, type Tab } from "./agent/address";
import { type AlertTab, alertsPlace, asAlertTab } from "./alerts/address";
import type { AgentRow } from "./host/bindings/AgentRow";
import type { RegistryHealth } from "./host/bindings/RegistryHealth";
import type {
  AlertRulesView,
  ChannelView,
  EngineStatus,
  Host,
  Hours,
  Problem,
  Proposal,
  Unlisten,
  Write,
} from "./host/host";
import { problemOf, toldOf } from "./host/host";
import { EngineClock } from "./lib/clock";
import { checkFilter, NO_FILTER } from "./lib/filter";
import { groupOf } from "./lib/lines";
import { PageState, textOrNull } from "./lib/page-state";
import { PullLoop } from "./lib/pull";
import { type Action, Run } from "./bulk/run.svelte";
import { Fleet } from "./fleet/fleet.svelte";
import { Strips } from "./fleet/strips.svelte";
import { UsageSeen } from "./process/usage.svelte";
import { View } from "./fleet/view.svelte";

const STATUS_MS = 5_000;
/** The engine wakes the window four times a second at most; its state is asked for less often than that. */
const STATUS_APART_MS = 1_000;
const CHANNELS_MS = 15_000;

/** One window's life: the clock, the pull loop, the engine's state, and what the user opened. */
export class Session {
  readonly host: Host;
  readonly fleet = new Fleet();
  readonly strips: Record<Hours, Strips>;
  readonly view = new View();
  /** Engine time, a second at a time. */
  now = $state(Date.now());
  status = $state.raw<EngineStatus | null>(null);
  /** Why the last pull failed, and when the next one is. */
  trouble = $state.raw<{ problem: Problem; retryAt: number } | null>(null);
  loaded = $state(false);
  /** An agent to scroll to as soon as it is in the table. */
  reveal = $state<string | null>(null);
  adding = $state(false);
  /** Whom the user is asked about before they are removed. */
  removing = $state.raw<readonly AgentRow[]>([]);
  /** Whose start is set up, and what its project suggests. */
  launching = $state.raw<{ id: string; proposal: Proposal | null } | null>(null);
  /** The project whose agents are looked at, by what was dropped of it; nothing of it when a person is to say. */
  project = $state.raw<{ folder: string | null } | null>(null);
  /** Whether an agent's page has the window to itself. */
  tall = $state(false);
  /** Whether the log takes the keyboard as soon as it is there. */
  wantsLog = $state(false);
  /** Whether the doctor looks, and takes the keyboard, as soon as it is there. */
  wantsDoctor = $state(false);
  /** What is prepared to be written to a registry, and for whom. */
  repairing = $state.raw<{ id: string; name: string; kind: Write["kind"] } | null>(null);
  /** What processes were seen to cost. */
  readonly usage = new UsageSeen();

  /** Which part of an agent's page is shown. */
  tab = $state<Tab>("connections");
  /** Which part of the alerts is shown, in place of the table. */
  alertTab = $state<AlertTab | null>(null);
  /** Rules for alerts that were changed and not saved. */
  rulesDraft = $state.raw<AlertRulesView | null>(null);
  /** The incident whose black box is looked at. */
  blackBox = $state.raw<{ id: string; name: string; openedAt: number } | null>(null);
  /** Through which people are told, as they were when they were asked about last. */
  channels = $state.raw<readonly ChannelView[]>([]);
  /** Tags as they were typed and could not be kept yet, by the agent's id. */
  readonly drafts = new Map<string, string>();
  /** Whether the Redis buses are looked at, or one is added. */
  buses = $state<"list" | "add" | null>(null);
  /** Whether the user is asked before the demo ends. */
  endingDemo = $state(false);
  /** Whether the demo registry is on its way. */
  starting = $state(false);

  /** Why something failed that was asked for outside of any dialog. */
  problem = $state.raw<Problem | null>(null);
  /** What is being done with several agents, until its outcome was read. */
  run = $state.raw<Run | null>(null);
  /** How the page was before its window was let go, and how it is. */
  readonly page: PageState;

  readonly #clock: EngineClock;
  readonly #loop: PullLoop;
  #statusTimer: ReturnType<typeof setTimeout> | null = null;
  #statusReadAt = 0;
  #statusDueAt = 0;
  #statusAsked = 0;
  #statusAnswered = 0;
  #stopped = false;
  #revision = 0;
  #channelsReadAt = -Infinity;
  #unlisten: Unlisten[] = [];

  constructor(host: Host, was: unknown = null) {
    this.host = host;
    this.page = new PageState(was);
    this.#remember();
    this.strips = { 1: new Strips(host, 1), 24: new Strips(host, 24), 720: new Strips(host, 720) };
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
        this.usage.take(delta);
        if (!this.loaded) this.#arrive();
        this.#revision = delta.revision;
        return delta.revision;
      },
      failed: (error, retryAt) => (this.trouble = { problem: problemOf(error), retryAt }),
      recovered: () => (this.trouble = null),
    });
  }

  start(): void {
    this.#unlisten = [
      this.host.onFleetChanged((revision) => this.#woken(revision)),
      this.host.onOpenAgents((ids) => this.openAll(ids)),
      this.host.onRelease(() => (this.#busy ? null : this.page.now())),
    ];
    document.addEventListener("visibilitychange", this.#visibility);
    this.#clock.start();
    this.#loop.start();
    this.#visibility();
    if (document.hidden) this.#readStatusIn(STATUS_MS);
  }

  /** What would be lost with the page: work that is under way, and a form that is half filled in. */
  get #busy(): boolean {
    const { run, drafts, rulesDraft } = this;
    if (rulesDraft !== null) return true;
    return run?.going === true || drafts.size > 0 || document.querySelector("dialog[open]") !== null;
  }

  /** What needs no rows comes back at once, the rest with the first of them. */
  #remember(): void {
    const { fleet, page } = this;
    fleet.filter = page.was("filter", checkFilter) ?? NO_FILTER;
    fleet.opened = page.was("opened", textOrNull);
    page.keep("filter", () => fleet.filter);
    this.tab = page.was("tab", asTab) ?? this.tab;
    this.alertTab = page.was("alerts", asAlertTab);
    page.keep("alerts", () => this.alertTab);
    page.keep("opened", () => fleet.opened);
    page.keep("tab", () => this.tab);
    page.keep("selected", () => [...fleet.selection.ids]);
  }

  #select(): void {
    const ids = this.page.was("selected", (value) => (Array.isArray(value) ? value.map(String) : null));
    if (ids === null) return;
    this.fleet.selection.ids = new Set(ids);
    this.fleet.selection.limit(this.fleet.lines);
  }

  stop(): void {
    this.#stopped = true;
    for (const unlisten of this.#unlisten) unlisten();
    document.removeEventListener("visibilitychange", this.#visibility);
    this.#clock.stop();
    this.#loop.stop();
    if (this.#statusTimer !== null) clearTimeout(this.#statusTimer);
  }

  /** Goes where the window's address says; an address without an agent closes the page. */
  visit(hash: string): void {
    this.alertTab = alertsPlace(hash);
    if (this.alertTab !== null) return;
    const place = placeOf(hash);
    if (place === null) this.fleet.opened = null;
    else if (place.id !== this.fleet.opened) this.open(place.id);
    this.tab = place?.tab ?? this.tab;
  }

  /** The first rows are here: who was selected is again, and an address names one of them, or nobody. */
  #arrive(): void {
    this.loaded = true;
    this.#select();
    const { opened, rows } = this.fleet;
    if (opened === null || !rows.has(opened)) this.fleet.opened = null;
    else if (this.reveal !== null) this.open(opened);
  }

  /** Opens an agent's page and brings its row into sight, through any filter and group. */
  open(id: string): void {
    if (this.fleet.filtered && !this.fleet.visible.includes(id)) this.showAll();
    const row = this.fleet.rows.get(id);
    const group = row ? groupOf(row, this.view.grouping.by) : null;
    if (group !== null) this.view.fold(group, false);
    this.fleet.opened = id;
    this.reveal = id;
    this.alertTab = null;
  }

  /** Opens what a notice is about: the page of one agent, or the table with several alone. */
  openAll(ids: readonly string[]): void {
    const [first] = ids;
    if (first === undefined) return;
    if (ids.length === 1) return this.open(first);
    this.fleet.opened = null;
    this.alertTab = null;
    this.fleet.setFilter({ ...NO_FILTER, only: ids });
  }

  /** Opens an agent's log, and gives it the keyboard. */
  openLog(id: string): void {
    this.open(id);
    this.tab = "log";
    this.wantsLog = true;
  }

  /** Has the doctor look at an agent, in the whole window. */
  openDoctor(id: string): void {
    this.open(id);
    this.tab = "doctor";
    this.tall = this.wantsDoctor = true;
  }

  askToRemove(rows: readonly AgentRow[]): void {
    this.removing = rows;
  }

  /** Does something with some agents; removing asks first. */
  act(action: Action, rows: readonly AgentRow[]): void {
    if (action === "remove") this.askToRemove(rows);
    else if (!this.run?.going) {
      this.run = new Run(this.host, action, rows);
      void this.runAgain();
    }
  }

  /** Begins the run, or does again what has failed in it. */
  async runAgain(): Promise<void> {
    await this.run?.start();
    this.pull();
  }

  showAll(): void {
    this.fleet.setFilter(NO_FILTER);
  }

  get alertsPaused(): boolean {
    return (this.status?.alerts_paused_until ?? 0) > this.now;
  }

  /** Pulls at once, after something that was asked for here. */
  pull(): void {
    this.#loop.now();
  }

  /** Pauses alerts for as long as is usual, or resumes them. */
  toggleAlerts(): Promise<void> {
    return this.#attempt(async () => {
      await this.host.pauseAlerts(this.alertsPaused ? 0 : undefined);
      await this.readStatus();
    });
  }

  /** Until when it is quiet, if it is. */
  get quietUntil(): number | null {
    const until = this.fleet.alerts?.quiet_until ?? null;
    return until !== null && until > this.now ? until : null;
  }

  /** Channels that do not take what they are sent. */
  get troubled(): readonly ChannelView[] {
    return this.channels.filter(({ enabled, problem }) => enabled && problem !== null);
  }

  async readChannels(): Promise<readonly ChannelView[]> {
    this.#channelsReadAt = Date.now();
    return (this.channels = await this.host.channels());
  }

  /** Whether there is a place whose agents have more to tell. */
  get hasBus(): boolean {
    return this.fleet.registries.some(({ dialect }) => dialect === "redis");
  }

  get demo(): RegistryHealth | undefined {
    return this.fleet.registries.find(({ demo }) => demo);
  }

  /** The agents of the demo registry. */
  demoRows(): AgentRow[] {
    return this.fleet.everyone().filter(({ registry }) => registry.name === this.demo?.name);
  }

  async startDemo(): Promise<void> {
    if (this.starting) return;
    this.starting = true;
    await this.#attempt(() => this.host.demoStart());
    this.starting = false;
    this.pull();
  }

  async #attempt(work: () => Promise<unknown>): Promise<void> {
    this.problem = null;
    try {
      await work();
    } catch (error) {
      this.problem = problemOf(error);
    }
  }

  /** Has an engine that did not start try again, and waits for what becomes of it. */
  async startEngine(): Promise<void> {
    await this.#ask(() => this.host.engineStart());
    // What was asked meanwhile may have been answered first.
    await this.readStatus();
    this.#loop.now();
  }

  readStatus(): Promise<void> {
    return this.#ask(() => this.host.engineStatus());
  }

  async #ask(question: () => Promise<EngineStatus>): Promise<void> {
    this.#statusReadAt = Date.now();
    const asked = ++this.#statusAsked;
    let answer: EngineStatus;
    try {
      answer = await question();
    } catch (error) {
      answer = {
        version: "",
        alerts_paused_until: null,
        config_problem: null,
        tray_problem: null,
        ...this.status,
        state: "failed",
        problem: toldOf(problemOf(error)),
      };
    }
    // An answer that was overtaken by a later question's would bring back what is over.
    if (asked > this.#statusAnswered) {
      this.#statusAnswered = asked;
      this.status = answer;
    }
  }

  /** The engine has news: of the fleet, or, when the revision is the one that is here, of itself. */
  #woken(revision: number): void {
    this.#loop.poke(revision);
    const news = revision <= this.#revision;
    const due = news ? 0 : Math.max(0, this.#statusReadAt + STATUS_APART_MS - Date.now());
    this.#readStatusIn(due);
  }

  #readStatusIn(ms: number): void {
    if (this.#stopped) return;
    const at = Date.now() + ms;
    if (this.#statusTimer !== null && at >= this.#statusDueAt) return;
    if (this.#statusTimer !== null) clearTimeout(this.#statusTimer);
    this.#statusDueAt = at;
    this.#statusTimer = setTimeout(() => void this.#watchStatus(), ms);
  }

  async #watchStatus(): Promise<void> {
    this.#statusTimer = null;
    if (!document.hidden) await this.readStatus();
    // Whoever looks at the channels is told why they cannot be read; nobody else needs a second complaint.
    if (!document.hidden && this.loaded && Date.now() - this.#channelsReadAt >= CHANNELS_MS)
      void this.readChannels().catch(() => undefined);
    this.#readStatusIn(this.status?.state === "starting" ? 1_000 : STATUS_MS);
  }

  readonly #visibility = (): void => {
    this.#clock.setVisible(!document.hidden);
    this.#loop.setHidden(document.hidden);
    if (!document.hidden) this.#readStatusIn(0);
  };
}
