import type { AgentRow } from "../host/bindings/AgentRow";
import type { StripSpan } from "../host/bindings/StripSpan";
import type { Host } from "../host/host";

export const STRIP_HOURS = 24;
/** A strip is asked for again after this, for its count of beats and the end of its last span. */
const OLD_MS = 5 * 60_000;
const KEPT = 400;

interface Kept {
  rev: number;
  at: number;
  spans: StripSpan[];
}

/** Beat strips of the rows in sight, fetched in batches and kept until they change. */
export class Strips {
  version = $state(0);
  readonly #host: Host;
  readonly #kept = new Map<string, Kept>();
  readonly #asked = new Map<string, number>();
  #wanted = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pauseUntil = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  spans(id: string): StripSpan[] | null {
    void this.version;
    return this.#kept.get(id)?.spans ?? null;
  }

  /** Says which rows are in sight; what is missing or outdated is fetched. */
  want(rows: readonly AgentRow[], now: number): void {
    for (const row of rows) {
      const kept = this.#kept.get(row.id);
      if (kept && kept.rev === row.strip_rev && now - kept.at < OLD_MS) continue;
      if (this.#asked.get(row.id) === row.strip_rev) continue;
      this.#wanted.set(row.id, row.strip_rev);
    }
    if (this.#wanted.size > 0 && this.#timer === null && Date.now() >= this.#pauseUntil)
      this.#timer = setTimeout(() => void this.#fetch(now), 30);
  }

  async #fetch(now: number): Promise<void> {
    this.#timer = null;
    const batch = this.#wanted;
    this.#wanted = new Map();
    for (const [id, rev] of batch) this.#asked.set(id, rev);
    try {
      const strips = await this.#host.beatStrips([...batch.keys()], STRIP_HOURS);
      for (const [id, rev] of batch) {
        this.#kept.delete(id);
        this.#kept.set(id, { rev, at: now, spans: strips[id] ?? [] });
      }
      for (const id of this.#kept.keys()) {
        if (this.#kept.size <= KEPT) break;
        this.#kept.delete(id);
      }
      this.version += 1;
    } catch {
      // The strip is not worth a message of its own: a pull that fails says it, and this is asked for again.
      this.#pauseUntil = Date.now() + 5_000;
    } finally {
      for (const id of batch.keys()) this.#asked.delete(id);
    }
  }
}
