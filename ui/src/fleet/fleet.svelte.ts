import type { AgentRow } from "../host/bindings/AgentRow";
import type { AlertsView } from "../host/bindings/AlertsView";
import type { FleetDelta } from "../host/bindings/FleetDelta";
import type { FleetSummary } from "../host/bindings/FleetSummary";
import type { RegistryHealth } from "../host/bindings/RegistryHealth";
import { type Filter, isEmpty, matcher, NO_FILTER } from "../lib/filter";
import { fold } from "../lib/fold";
import { hold, reorder, sameOrder } from "../lib/order";
import { groupOf, type Grouping, isGroup, linesOf, NO_GROUPS } from "../lib/lines";
import { comparator, type Sort } from "../lib/sort";
import { Selection } from "./selection.svelte";

/**
 * The rows as the window shows them. The table itself is a plain map and a plain array; only `visible` and `version`
 * are reactive, so that a delta costs what it changed and not what is there.
 */
export class Fleet {
  readonly rows = new Map<string, AgentRow>();
  summary = $state.raw<FleetSummary | null>(null);
  registries = $state.raw<RegistryHealth[]>([]);
  /** What a person is told at all. */
  alerts = $state.raw<AlertsView | null>(null);
  /** Ids in the order of the screen, filtered. */
  visible = $state.raw<string[]>([]);
  /** What the lines of the screen hold: the same, parted by lines of groups when there are any. */
  lines = $state.raw<string[]>([]);
  /** How many agents each group has. */
  counts = $state.raw<ReadonlyMap<string, number>>(new Map());
  /** Grows with every delta; whoever reads rows reads this first. */
  version = $state(0);
  filter = $state.raw<Filter>(NO_FILTER);
  /** Whether the order on the screen differs from what it would be, because the user is in the table. */
  held = $state(false);
  /** The agent whose page is open. */
  opened = $state<string | null>(null);

  readonly selection = new Selection();

  #order: string[] = [];
  #compare = comparator(null);
  #grouping: Grouping = NO_GROUPS;
  #holding = false;

  apply(delta: FleetDelta): void {
    // A search also finds words of verdicts, so with a filter every change may matter.
    const moved = fold(
      this.rows,
      delta,
      (before, after) =>
        this.filtered ||
        this.#compare(before, after) !== 0 ||
        groupOf(before, this.#grouping.by) !== groupOf(after, this.#grouping.by),
    );
    if (!same(this.summary, delta.summary)) this.summary = delta.summary;
    if (!same(this.registries, delta.registries)) this.registries = delta.registries;
    if (!same(this.alerts, delta.alerts)) this.alerts = delta.alerts;
    if (moved.size > 0) {
      this.#order = reorder(this.#order, this.rows, moved, this.#compare);
      this.#arrange();
    }
    this.version += 1;
  }

  row(id: string | null): AgentRow | null {
    void this.version;
    return id === null ? null : (this.rows.get(id) ?? null);
  }

  /** All rows, filtered or not, in the order of the table. */
  everyone(): AgentRow[] {
    return this.#order.flatMap((id) => this.rows.get(id) ?? []);
  }

  // Who asks for other rows, another order or other groups wants to see them, wherever the pointer is.

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.#arrange(false);
  }

  setSort(sort: Sort | null): void {
    this.#compare = comparator(sort);
    this.#order = [...this.rows.values()].sort(this.#compare).map((row) => row.id);
    this.#arrange(false);
  }

  setGrouping(grouping: Grouping): void {
    this.#grouping = grouping;
    this.#arrange(false);
  }

  get filtered(): boolean {
    return !isEmpty(this.filter);
  }

  /** While the pointer or the focus is in the table, nothing moves under it. */
  setHolding(holding: boolean): void {
    if (holding === this.#holding) return;
    this.#holding = holding;
    if (!holding) this.#arrange();
  }

  #arrange(holding = this.#holding): void {
    const fresh = this.#filtered();
    const { lines, counts } = linesOf(fresh, this.rows, this.#grouping);
    this.counts = counts;
    if (!holding) {
      this.#show(fresh, lines);
      this.held = false;
      return;
    }
    const exists = (line: string) => isGroup(line) || this.rows.has(line);
    const shown = hold(this.visible, fresh, exists);
    // What is new goes to the end. The end of the last group would be the wrong place for it, so with groups it waits.
    const held = this.#grouping.by === "none" ? shown : this.lines.filter(exists);
    this.#show(shown, held);
    this.held = !sameOrder(held, lines);
  }

  #filtered(): string[] {
    if (!this.filtered) return this.#order;
    const matches = matcher(this.filter);
    return this.#order.filter((id) => {
      const row = this.rows.get(id);
      return row !== undefined && matches(row);
    });
  }

  #show(ids: string[], lines: string[]): void {
    if (!sameOrder(ids, this.visible)) this.visible = ids;
    if (sameOrder(lines, this.lines)) return;
    this.lines = lines;
    this.selection.limit(lines);
  }
}

/** Whether two small values say the same: whoever shows them is only disturbed by news. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
