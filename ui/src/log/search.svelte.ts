import type { LogCursor } from "../host/host";
import type { LogFeed } from "./feed.svelte";

/** What is seen of a log. */
export interface Sight {
  /** The line at the top. */
  top(): LogCursor;
  sees(cursor: LogCursor): boolean;
  /** Brings a line into sight. */
  reveal(cursor: LogCursor): Promise<void>;
}

/** Going through a log from one line to the next that is looked for: one with a pattern in it, or a start. */
export class LogSearch {
  /** The line that was gone to. */
  hit = $state<LogCursor | null>(null);
  /** What became of it. */
  said = $state("");
  #typed = $state("");
  readonly #feed: LogFeed;
  readonly #sight: Sight;

  constructor(feed: LogFeed, sight: Sight) {
    this.#feed = feed;
    this.#sight = sight;
  }

  get typed(): string {
    return this.#typed;
  }

  set typed(pattern: string) {
    this.#typed = pattern;
    this.forget();
  }

  forget(): void {
    this.hit = null;
    this.said = "";
  }

  /** To the next line with what is typed, or the one before. */
  async find(back: boolean): Promise<void> {
    const { hit } = this;
    const feed = this.#feed;
    this.said = "Searching…";
    // From the end one looks back, whatever was asked for: there is nothing behind it.
    const backwards = back || (hit === null && feed.follow);
    const place =
      hit === null ? (backwards ? feed.buffer.to : this.#sight.top()) : backwards ? hit : feed.behind(hit);
    const found = await feed.search(this.#typed, place, backwards);
    if (found === null) this.said = feed.problem ? "" : none(hit, backwards);
    else await this.#go(found);
  }

  /** To the next start of the agent, or the one before. */
  async toStart(back: boolean): Promise<void> {
    const here = BigInt(this.#here());
    const starts = (await this.#feed.starts()).map((cursor) => BigInt(cursor));
    const next = back ? starts.findLast((at) => at < here) : starts.find((at) => at > here);
    if (next === undefined) this.said = back ? "No earlier start" : "No later start";
    else await this.#go(String(next));
  }

  async #go(cursor: LogCursor): Promise<void> {
    this.said = "";
    this.hit = cursor;
    await this.#sight.reveal(cursor);
  }

  /** The start that was gone to is still there when it is in sight; else what is seen is where one is. */
  #here(): LogCursor {
    if (this.hit === null) return this.#feed.follow ? this.#feed.buffer.to : this.#sight.top();
    return this.#sight.sees(this.hit) ? this.hit : this.#sight.top();
  }
}

function none(hit: LogCursor | null, backwards: boolean): string {
  if (hit === null) return "Not in this log";
  return backwards ? "No earlier line" : "No later line";
}
