import { isGroup } from "../lib/lines";

/** The agents that the next action is for. Only what is in the table can be among them. */
export class Selection {
  ids = $state.raw<ReadonlySet<string>>(new Set());
  /** Where a range begins. */
  #anchor: string | null = null;

  get size(): number {
    return this.ids.size;
  }

  has(id: string): boolean {
    return this.ids.has(id);
  }

  /** What a plain click leaves behind: nothing is selected, and a range would begin here. */
  from(id: string): void {
    this.clear();
    this.#anchor = id;
  }

  toggle(id: string): void {
    const ids = new Set(this.ids);
    if (!ids.delete(id)) ids.add(id);
    this.ids = ids;
    this.#anchor = id;
  }

  /** Selects all of these, or none of them when all are already. */
  toggleAll(members: readonly string[]): void {
    const ids = new Set(this.ids);
    const all = members.every((id) => ids.has(id));
    for (const id of members) {
      if (all) ids.delete(id);
      else ids.add(id);
    }
    this.ids = ids;
  }

  /** From where the range began to here, as it is on the screen. */
  extendTo(id: string, lines: readonly string[]): void {
    const to = lines.indexOf(id);
    const from = this.#anchor === null ? -1 : lines.indexOf(this.#anchor);
    if (to < 0) return;
    if (from < 0) {
      this.ids = new Set([id]);
      this.#anchor = id;
      return;
    }
    const range = lines.slice(Math.min(from, to), Math.max(from, to) + 1);
    this.ids = new Set(range.filter((line) => !isGroup(line)));
  }

  all(lines: readonly string[]): void {
    this.ids = new Set(lines.filter((line) => !isGroup(line)));
  }

  clear(): void {
    if (this.ids.size > 0) this.ids = new Set();
  }

  /** Nobody should act on what they do not see: what left the table leaves the selection. */
  limit(lines: readonly string[]): void {
    if (this.ids.size === 0) return;
    const kept = lines.filter((line) => this.ids.has(line));
    if (kept.length < this.ids.size) this.ids = new Set(kept);
  }
}
