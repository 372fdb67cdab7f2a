import type { AgentRow } from "./bindings/AgentRow";
import type { FleetDelta } from "./bindings/FleetDelta";
import type { FleetSummary } from "./bindings/FleetSummary";
import type { RegistryHealth } from "./bindings/RegistryHealth";
import type { StripSpan } from "./bindings/StripSpan";
import type {
  AgentHistory,
  EngineStatus,
  FoundKey,
  Host,
  ImportAs,
  NewAgent,
  Problem,
  Taken,
  Unlisten,
} from "./host";
import { demoHistory } from "./fixture-history";
import { demoKeys } from "./fixture-keys";
import { demoRows, demoStrip, fakeId, FLIP_MS, healthyRow, REGISTRY, shortId } from "./fixture-rows";

/** A fleet in memory that lives: it beats, fails and recovers, without an engine. For development and tests. */
export class FixtureHost implements Host {
  readonly rows = new Map<string, AgentRow>();
  status: EngineStatus = {
    state: "running",
    problem: null,
    alerts_paused_until: null,
    config_problem: null,
    version: "0.1.0",
    tray_problem: null,
  };
  health: RegistryHealth[] = [
    { ...REGISTRY, reachable: true, stream_live: true, clock_ahead_ms: 100, problem: null },
  ];
  /** What the file dialog answers. */
  picked: string | null = "/home/dev/.zynd/agents/weather-agent/keypair.json";
  /** Keys on this computer. */
  found: FoundKey[] = demoKeys();
  readonly shredded: string[] = [];
  /** What the keychain has in place of the key of a file, by the file's path. */
  readonly taken = new Map<string, Taken>([
    ["/taken.json", { id: "zns:56475aa75463474c0285df5dbf2bcab7", by: "7f3214872296f48d652a365c9f637f72" }],
    ["/damaged.json", { id: "zns:56475aa75463474c0285df5dbf2bcab7", by: "damaged-7" }],
  ]);
  /** When set, every pull fails with it. */
  pullProblem: Problem | null = null;

  revision = 1;
  /** The revision that was pulled last. */
  pulled = 0;
  #changedAt = new Map<string, number>();
  #removedAt = new Map<string, number>();
  #strips = new Map<string, StripSpan[]>();
  /** Agents that have fallen silent. */
  #silent = new Set<string>();
  #fleetListeners = new Set<(revision: number) => void>();
  #openListeners = new Set<(id: string) => void>();
  #page: unknown = null;
  #pageState: (() => unknown) | null = null;
  readonly #now: () => number;

  constructor(rows: AgentRow[] = [], now: () => number = Date.now) {
    this.#now = now;
    for (const row of rows) this.put(row);
  }

  /** `?agents=10000`, `?state=empty|failed|starting|config|unreachable`. */
  static fromAddress(address: URLSearchParams): FixtureHost {
    const now = Date.now();
    const wanted = Number(address.get("agents") ?? 12);
    const state = address.get("state");
    const rows = state === "empty" ? [] : demoRows(now).slice(0, wanted);
    for (let n = rows.length; state !== "empty" && n < wanted; n += 1)
      rows.push(healthyRow(100 + n, `agent-${n}`, now, (n * 7919) % 30_000));
    const host = new FixtureHost(rows);
    for (const row of rows) if (row.name === "mail-sorter") host.silence(row.id);
    if (state === "failed" || state === "starting") host.status.state = state;
    if (state === "failed")
      host.status.problem =
        "The history file is from a newer Beatkeeper. Update, or start with another --data folder.";
    if (state === "config")
      host.status.config_problem =
        "beatkeeper.toml line 14, column 3: unknown field `intervall`. The last good one stays in use.";
    if (state === "unreachable")
      host.pullProblem = {
        code: "engine.gone",
        sentence: "The engine does not answer.",
        remedy: "Restart Beatkeeper.",
      };
    return host;
  }

  /** Lives on, a second at a time. */
  start(): void {
    setInterval(() => this.advance(), 1000);
  }

  /** One second of life: due beats are sent and confirmed, silence gets its names, waiting links dial. */
  advance(): void {
    const now = this.#now();
    for (const row of this.rows.values()) {
      if (row.link.state === "backing_off" && (row.link.next_dial_at ?? Infinity) <= now)
        this.#dial(row, now);
      else if (this.#silent.has(row.id)) this.#age(row, now);
      else if (row.liveness === "active" && now - (row.last_confirmed_at ?? 0) >= row.interval_ms)
        this.#beat(row, now);
      else this.#age(row, now);
    }
    this.announce();
  }

  /** Adds or replaces a row, as an engine would, and tells nobody. */
  put(row: AgentRow): void {
    this.revision += 1;
    this.rows.set(row.id, row);
    this.#changedAt.set(row.id, this.revision);
    this.#removedAt.delete(row.id);
  }

  drop(id: string): void {
    this.revision += 1;
    this.rows.delete(id);
    this.#removedAt.set(id, this.revision);
  }

  /** From now on no beat of this agent arrives. */
  silence(id: string): void {
    this.#silent.add(id);
  }

  openAgent(id: string): void {
    for (const listener of this.#openListeners) listener(id);
  }

  #beat(row: AgentRow, now: number): void {
    const own = row.beats_by === "app";
    this.put({
      ...row,
      last_confirmed_at: now,
      last_sent_at: own ? now : null,
      flips_at: now + FLIP_MS,
      round_trip_ms: own ? 30 + Math.round(Math.random() * 20) : null,
      beats: own
        ? { ...row.beats, sent: row.beats.sent + 1, confirmed: row.beats.confirmed + 1 }
        : { ...row.beats, foreign: row.beats.foreign + 1 },
      link: { ...row.link, next_beat_at: own ? now + row.interval_ms : null },
      registry: { ...row.registry, status: "active", last_heartbeat: now, seen_at: now },
    });
  }

  #dial(row: AgentRow, now: number): void {
    if (row.link.attempt < 6) {
      const attempt = row.link.attempt + 1;
      const wait = Math.min(60_000, 1_000 * 2 ** attempt);
      this.put({ ...row, link: { ...row.link, attempt, next_dial_at: now + wait } });
      return;
    }
    this.#beat(
      {
        ...row,
        liveness: "active",
        liveness_since: now,
        needs_attention: false,
        verdict: { code: "ok", severity: "good", sentence: "Beating, confirmed", remedy: "" },
        link: { state: "open", since: now, attempt: 0, next_dial_at: null, next_beat_at: null, reason: null },
        reconnects_24h: row.reconnects_24h + 1,
        strip_rev: row.strip_rev + 1,
      },
      now,
    );
  }

  #age(row: AgentRow, now: number): void {
    const silence = now - (row.last_confirmed_at ?? now);
    const next =
      silence >= 900_000 ? "offline" : silence >= 300_000 ? "stale" : silence >= 90_000 ? "late" : "active";
    const beating = row.liveness === "active" || row.liveness === "late" || row.liveness === "stale";
    if (!beating || next === row.liveness || next === "active") return;
    const verdict = this.#silent.has(row.id)
      ? {
          code: "link.half_open",
          severity: "bad" as const,
          sentence: "Its beats stopped; the socket is still open",
          remedy: "Retry now dials a new connection.",
        }
      : row.verdict;
    this.put({
      ...row,
      liveness: next,
      liveness_since: now,
      needs_attention: true,
      verdict,
      strip_rev: row.strip_rev + 1,
    });
  }

  /** Tells the window that there is something new. */
  announce(): void {
    for (const listener of this.#fleetListeners) listener(this.revision);
  }

  async fleetDelta(since: number): Promise<FleetDelta> {
    if (this.pullProblem) throw this.pullProblem;
    const full = since === 0;
    this.pulled = this.revision;
    const newer = (at: Map<string, number>) =>
      [...at].filter(([, revision]) => revision > since).map(([id]) => id);
    return {
      revision: this.revision,
      full,
      now: this.#now(),
      rows: full ? [...this.rows.values()] : newer(this.#changedAt).flatMap((id) => this.rows.get(id) ?? []),
      removed: full ? [] : newer(this.#removedAt),
      summary: this.#summary(),
      registries: this.health,
    };
  }

  async beatStrips(ids: string[]): Promise<Record<string, StripSpan[]>> {
    const strips: Record<string, StripSpan[]> = {};
    for (const id of ids) {
      const row = this.rows.get(id);
      if (!row) continue;
      const spans = this.#strips.get(id) ?? demoStrip(row, this.#now());
      const last = spans.at(-1);
      if (last?.kind === "confirmed" && row.last_confirmed_at)
        last.to = Math.max(last.to, row.last_confirmed_at);
      this.#strips.set(id, spans);
      strips[id] = spans;
    }
    return strips;
  }

  async agentHistory(id: string, limit: number): Promise<AgentHistory> {
    const row = this.rows.get(id);
    if (!row) return { connections: [], transitions: [] };
    const { connections, transitions } = demoHistory(row, this.#now());
    return { connections: connections.slice(0, limit), transitions: transitions.slice(0, limit) };
  }

  async agentExport(
    _id: string,
    _hours: number,
    _format: "csv" | "json",
    name: string,
  ): Promise<string | null> {
    return `/home/dev/${name}`;
  }

  async agentImport(
    path: string,
    registry: string,
    name: string | null,
    replace: string | null,
    as?: ImportAs,
  ): Promise<NewAgent> {
    const there = this.found.find((key) => key.path === path);
    if (there?.loose && !as?.loose)
      throw problem("key.loose_mode", `Others can read ${path} (${there.mode}).`, `Run chmod 600 ${path}.`);
    if (!path.endsWith(".json"))
      throw problem(
        "key.not_json",
        `${path} is not a key file: it is not JSON.`,
        "Choose the agent's keypair.json.",
      );
    this.#makeRoom(path, replace);
    return this.#add(name || path.split("/").at(-2) || "agent", registry);
  }

  async agentGenerate(registry: string, name: string): Promise<NewAgent> {
    return this.#add(name, registry);
  }

  async agentDerive(
    developerPath: string,
    index: number,
    registry: string,
    name: string,
    replace: string | null,
  ): Promise<NewAgent> {
    if (!developerPath.endsWith(".json"))
      throw problem("key.unreadable", `${developerPath} cannot be read.`, "Choose your developer.json.");
    this.#makeRoom(developerPath, replace);
    return this.#add(name || `agent-${index}`, registry);
  }

  /** As the vault does: nothing goes that was not named. */
  #makeRoom(path: string, replace: string | null): void {
    const taken = this.taken.get(path);
    if (taken && taken.by !== replace) {
      const what = taken.by.startsWith("damaged-") ? "something that is no key" : `another key, ${taken.by},`;
      const code = replace !== null ? "vault.other_key" : "vault.exists";
      throw {
        ...problem(code, `The system keychain has ${what} under ${taken.id}.`, `Use --replace ${taken.by}.`),
        taken,
      };
    }
    this.taken.delete(path);
  }

  #add(name: string, registry: string): NewAgent {
    const now = this.#now();
    const id = fakeId(1000 + this.rows.size);
    const row = healthyRow(1000 + this.rows.size, name, now, 0);
    const url = this.health.find((known) => known.name === registry)?.url ?? REGISTRY.url;
    this.put({
      ...row,
      id,
      short_id: shortId(id),
      registry: { ...row.registry, name: registry, url },
      liveness_since: now,
      link: { ...row.link, since: now },
    });
    this.announce();
    return { id, name };
  }

  async agentRemove(id: string, confirmName: string): Promise<void> {
    const row = this.rows.get(id);
    if (row?.name !== confirmName)
      throw problem("agent.name", "That is not this agent's name.", "Type the name exactly as it is shown.");
    this.drop(id);
    this.announce();
  }

  async agentSetPaused(id: string, paused: boolean): Promise<void> {
    const row = this.rows.get(id);
    if (!row) return;
    const now = this.#now();
    this.put({
      ...row,
      paused,
      liveness: paused ? "stopped" : "active",
      liveness_since: now,
      needs_attention: false,
      verdict: paused
        ? {
            code: "paused",
            severity: "neutral",
            sentence: "Paused by you",
            remedy: "Resume when you want it to beat.",
          }
        : { code: "ok", severity: "good", sentence: "Beating, confirmed", remedy: "" },
      link: {
        ...row.link,
        state: paused ? "idle" : "open",
        since: now,
        attempt: 0,
        reason: null,
        next_beat_at: null,
      },
      flips_at: paused ? null : now + FLIP_MS,
    });
    this.announce();
  }

  async agentRetry(id: string): Promise<void> {
    const row = this.rows.get(id);
    if (row?.link.state === "backing_off")
      this.#dial({ ...row, link: { ...row.link, attempt: 6 } }, this.#now());
    this.announce();
  }

  async pauseAlerts(minutes: number): Promise<void> {
    this.status = {
      ...this.status,
      alerts_paused_until: minutes > 0 ? this.#now() + minutes * 60_000 : null,
    };
  }

  async registries(): Promise<RegistryHealth[]> {
    return this.health;
  }

  async registryAdd(name: string, url: string): Promise<void> {
    if (!/^https?:\/\//.test(url))
      throw problem("registry.url", `"${url}" is not a registry's address.`, "Give it as https://host.");
    this.health = [
      ...this.health,
      { name, url, reachable: null, stream_live: false, clock_ahead_ms: null, problem: null },
    ];
  }

  async pickFile(): Promise<string | null> {
    return this.picked;
  }

  async pickFolder(): Promise<string | null> {
    return "/home/dev/code";
  }

  async keysFind(folders: string[]): Promise<FoundKey[]> {
    return this.found.filter(
      (key) => key.project === null || folders.some((each) => key.project?.startsWith(each)),
    );
  }

  async keyFileShred(path: string): Promise<void> {
    this.shredded.push(path);
  }

  async engineStatus(): Promise<EngineStatus> {
    return this.status;
  }

  async engineStart(): Promise<EngineStatus> {
    this.status = { ...this.status, state: "running", problem: null };
    return this.status;
  }

  onFleetChanged(listener: (revision: number) => void): Unlisten {
    this.#fleetListeners.add(listener);
    return () => this.#fleetListeners.delete(listener);
  }

  onOpenAgent(listener: (id: string) => void): Unlisten {
    this.#openListeners.add(listener);
    return () => this.#openListeners.delete(listener);
  }

  onRelease(state: () => unknown): Unlisten {
    this.#pageState = state;
    return () => (this.#pageState = null);
  }

  async pageWas(): Promise<unknown> {
    const was = this.#page;
    this.#page = null;
    return was;
  }

  /** As the shell does with a window that stays closed; answers whether its page lets it. */
  release(): boolean {
    // It crosses to another process and back.
    this.#page = JSON.parse(JSON.stringify(this.#pageState?.() ?? null));
    return this.#page !== null;
  }

  #summary(): FleetSummary {
    const counts = { all: 0, active: 0, late: 0, stale: 0, offline: 0, inactive: 0, stopped: 0, unknown: 0 };
    let next: AgentRow | null = null;
    let needing = 0;
    const now = this.#now();
    for (const row of this.rows.values()) {
      counts.all += 1;
      counts[row.liveness] += 1;
      if (row.needs_attention) needing += 1;
      if (row.flips_at !== null && row.flips_at > now && row.flips_at < (next?.flips_at ?? Infinity))
        next = row;
    }
    return {
      sentence:
        counts.all === 0
          ? "No agents yet"
          : `${counts.active} active${needing > 0 ? `, ${needing} need you` : ""}`,
      glyph:
        counts.all === 0
          ? "unknown"
          : counts.offline > 0
            ? "offline"
            : counts.stale + counts.late > 0
              ? "attention"
              : "ok",
      counts,
      next_flip: next?.flips_at ? { id: next.id, name: next.name, at: next.flips_at } : null,
    };
  }
}

function problem(code: string, sentence: string, remedy: string): Problem {
  return { code, sentence, remedy };
}
