import type { AgentRow } from "../host/bindings/AgentRow";
import type { BeatStrip } from "../host/bindings/BeatStrip";
import type { Host, Hours } from "../host/host";
import { HOUR } from "../lib/time";

const KEPT = 400;

interface Kept {
  rev: number;
  at: number;
  strip: BeatStrip | null;
}

/** Beat strips of the rows in sight over one range, fetched in batches and kept until they change. */
export class Strips {
  version = $state(0);
  readonly #host: Host;
  readonly #hours: Hours;
  /** A strip is asked for again after this, for its counts and the end of its last span. */
  readonly #oldMs: number;
  readonly #kept = new Map<string, Kept>();
  readonly #asked = new Map<string, number>();
  #wanted = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #pauseUntil = 0;

  constructor(host: Host, hours: Hours) {
    this.#host = host;
    this.#hours = hours;
    // A pixel or two of the table, and never longer than five minutes.
    this.#oldMs = Math.min(300_000, (hours * HOUR) / 120);
  }

  strip(id: string): BeatStrip | null {
    void this.version;
    return this.#kept.get(id)?.strip ?? null;
  }

  /** Says which rows are in sight; what is missing or outdated is fetched. */
  want(rows: readonly AgentRow[], now: number): void {
    for (const row of rows) {
      const kept = this.#kept.get(row.id);
      if (kept && kept.rev === row.strip_rev && now - kept.at < this.#oldMs) continue;
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
      const strips = await this.#host.beatStrips([...batch.keys()], this.#hours);
      for (const [id, rev] of batch) {
        this.#kept.delete(id);
        this.#kept.set(id, { rev, at: now, strip: strips[id] ?? null });
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
