import {
  type Host,
  type LogAsked,
  type LogCursor,
  type LogPage,
  type Problem,
  problemOf,
} from "../host/host";
import { LogBuffer, type Item } from "./buffer";

const PULL_MS = 250;
/** Lines of one pull. */
export const PULL_LINES = 2_000;
/** Lines before a place that is jumped to. */
const BEFORE = 400;
/** So many lines at once are more than anybody has read to them. */
const FLOOD = 20;
/** A search asks so often at most, each time for a part of the log. */
const SEARCHES = 64;

/** What the window has of one log, and how it gets more: one pull at a time, while somebody looks. */
export class LogFeed {
  readonly buffer = new LogBuffer();
  /** Grows whenever the buffer changed. */
  version = $state(0);
  loaded = $state(false);
  /** Whether it goes with the end. */
  follow = $state(true);
  /** Lines that came since it does not. */
  news = $state(0);
  /** And there are more than are here. */
  more = $state(false);
  flooding = $state(false);
  problem = $state.raw<Problem | null>(null);

  readonly #host: Host;
  readonly #id: string;
  /** Whether what is here goes up to where the log ended a moment ago. */
  #live = true;
  /** Whether it fell so far behind that lines are left out. */
  #behind = false;
  #work: Promise<unknown> | null = null;
  #timer: ReturnType<typeof setInterval> | null = null;

  constructor(host: Host, id: string) {
    this.#host = host;
    this.#id = id;
  }

  start(): () => void {
    this.#timer = setInterval(() => this.#tick(), PULL_MS);
    this.#tick();
    return () => {
      if (this.#timer !== null) clearInterval(this.#timer);
      this.#timer = null;
    };
  }

  /** Stays where it is; what comes is counted. */
  pause(): void {
    if (!this.follow) return;
    this.follow = false;
    this.news = 0;
    this.more = false;
  }

  /** Goes to the end and stays there. */
  async resume(): Promise<void> {
    this.follow = true;
    this.news = 0;
    this.more = false;
    if (this.#live) return;
    await this.#alone(async () => this.#begin(await this.#page({})));
  }

  /** Older lines than are here; answers how many came. */
  async older(): Promise<number> {
    const { buffer } = this;
    if (this.#work || buffer.atBegin || this.follow) return 0;
    let came = 0;
    await this.#alone(async () => {
      const before = buffer.items[0]?.seq ?? 0;
      buffer.prepend(await this.#page({ before: buffer.from }));
      came = before - (buffer.items[0]?.seq ?? 0);
      this.#live &&= buffer.atEnd;
      this.version += 1;
    });
    return came;
  }

  /** Newer lines, where it was jumped to a place before the end. */
  async newer(): Promise<void> {
    if (this.#work || this.#live) return;
    await this.#alone(async () => {
      this.#take(await this.#page({ after: this.buffer.to }));
      this.#live = this.buffer.atEnd;
    });
  }

  /** Makes sure that a place is here; answers its line's number. */
  async reach(cursor: LogCursor): Promise<number | null> {
    this.pause();
    if (this.buffer.find(cursor) === null)
      await this.#alone(async () => {
        const before = await this.#page({ before: cursor }, BEFORE);
        const after = await this.#page({ after: cursor });
        this.buffer.replace(before);
        this.buffer.append(after);
        this.#live = after.at_end;
        this.more = !after.at_end;
        this.version += 1;
      });
    const at = this.buffer.find(cursor);
    return at === null ? null : (this.buffer.items[at]?.seq ?? null);
  }

  /** The place behind a line that is here. */
  behind(cursor: LogCursor): LogCursor {
    const at = this.buffer.find(cursor);
    return at === null ? cursor : (this.buffer.items[at + 1]?.cursor ?? this.buffer.to);
  }

  /** The next line in which the pattern is, or the one before; nothing when there is none any more. */
  async search(pattern: string, from: LogCursor, back: boolean): Promise<LogCursor | null> {
    let place = from;
    this.problem = null;
    try {
      for (let n = 0; n < SEARCHES; n += 1) {
        const page = await this.#host.agentLogSearch(this.#id, pattern, place, back, 1);
        const found = page.lines[0];
        if (found) return found.cursor;
        if (back ? page.at_begin : page.at_end) return null;
        place = back ? page.from : page.to;
      }
    } catch (error) {
      this.problem = problemOf(error);
    }
    return null;
  }

  async mark(text: string): Promise<void> {
    await this.#attempt(() => this.#host.agentLogMark(this.#id, text));
    this.#tick();
  }

  async clear(): Promise<void> {
    await this.#attempt(async () => {
      await this.#host.agentLogClear(this.#id);
      this.#begin(await this.#page({}));
      this.follow = true;
    });
  }

  async starts(): Promise<LogCursor[]> {
    const starts = await this.#attempt(() => this.#host.agentLogStarts(this.#id));
    return starts?.map(({ cursor }) => cursor) ?? [];
  }

  item(seq: number): Item | undefined {
    const { items } = this.buffer;
    return items[seq - (items[0]?.seq ?? 0)];
  }

  #tick(): void {
    if (this.#work || document.hidden) return;
    // Somebody reads further up: what does not fit any more is read when it is asked for.
    if (this.loaded && (!this.#live || (!this.follow && this.buffer.full))) {
      this.more ||= this.#live;
      this.#live = false;
      return;
    }
    void this.#alone(() => this.#pull());
  }

  async #pull(): Promise<void> {
    const { buffer } = this;
    if (!this.loaded) return this.#begin(await this.#page({}));
    const leap = this.#behind && this.follow;
    const page = await this.#page(leap ? {} : { after: buffer.to });
    if (page.lines.length === 0 && page.skipped === 0) {
      this.flooding = this.#behind = false;
      buffer.to = page.to;
      return;
    }
    const came = this.#take(page);
    this.flooding = came > FLOOD;
    // As long as the newest lines do not reach back to those that are here, it is still too fast.
    if (this.follow) this.#behind = !page.at_end || (leap && came >= page.lines.length);
    else this.news += came;
    this.more = !this.follow && !page.at_end;
  }

  #begin(page: LogPage): void {
    this.buffer.replace(page);
    this.loaded = this.#live = true;
    this.#behind = false;
    this.version += 1;
  }

  /** Answers how many lines are new. */
  #take(page: LogPage): number {
    const last = this.buffer.items.at(-1)?.seq ?? -1;
    this.buffer.append(page);
    this.version += 1;
    return (this.buffer.items.at(-1)?.seq ?? -1) - last;
  }

  #page(asked: LogAsked, limit = PULL_LINES): Promise<LogPage> {
    return this.#host.agentLog(this.#id, asked, limit);
  }

  /** One at a time: what is asked for by a person waits for the pull that is under way. */
  async #alone(work: () => Promise<unknown>): Promise<void> {
    while (this.#work) await this.#work;
    const done = this.#attempt(work);
    this.#work = done;
    await done;
    this.#work = null;
  }

  async #attempt<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      const value = await work();
      this.problem = null;
      return value;
    } catch (error) {
      this.problem = problemOf(error);
      return null;
    }
  }
}
