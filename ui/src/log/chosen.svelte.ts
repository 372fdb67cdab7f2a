import { count } from "../lib/time";
import type { LogFeed } from "./feed.svelte";

/** Lines of a log that were chosen by their times, and what is marked in the page. */
export class Chosen {
  /** The first and the last, by their numbers, as they were chosen. */
  #lines = $state.raw<[number, number] | null>(null);
  readonly #feed: LogFeed;

  constructor(feed: LogFeed) {
    this.#feed = feed;
  }

  choose(seq: number, extend: boolean): void {
    this.#feed.pause();
    this.#lines = extend && this.#lines ? [this.#lines[0], seq] : [seq, seq];
  }

  has(seq: number): boolean {
    return this.#lines !== null && seq >= Math.min(...this.#lines) && seq <= Math.max(...this.#lines);
  }

  forget(): void {
    this.#lines = null;
  }

  /** Copies what is marked in the page, or else the lines that were chosen; answers what became of it. */
  async copy(): Promise<string> {
    const marked = getSelection()?.toString() ?? "";
    const lines = this.#feed.buffer.items.filter(({ seq, skipped }) => skipped === 0 && this.has(seq));
    const text = marked !== "" ? marked : lines.map(({ plain }) => plain).join("\n");
    if (text === "") return "Choose lines by their time, and more with Shift";
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return "Copying is not allowed here";
    }
    return marked !== ""
      ? "Copied"
      : `${count(lines.length)} ${lines.length === 1 ? "line" : "lines"} copied`;
  }

  /** Lines that are marked with the pointer must not go away under it. */
  marked(within: Node): void {
    const selection = getSelection();
    if (!selection || selection.isCollapsed || !selection.anchorNode) return;
    if (within.contains(selection.anchorNode)) this.#feed.pause();
  }
}
