import type { AgentRow } from "../host/bindings/AgentRow";
import type { FleetDelta } from "../host/bindings/FleetDelta";
import type { FleetSummary } from "../host/bindings/FleetSummary";
import type { RegistryHealth } from "../host/bindings/RegistryHealth";
import { type Filter, isEmpty, matcher, NO_FILTER } from "../lib/filter";
import { fold } from "../lib/fold";
import { hold, reorder, sameOrder } from "../lib/order";
import { comparator, type Sort } from "../lib/sort";

/**
 * The rows as the window shows them. The table itself is a plain map and a plain array; only `visible` and `version`
 * are reactive, so that a delta costs what it changed and not what is there.
 */
export class Fleet {
  readonly rows = new Map<string, AgentRow>();
  summary = $state.raw<FleetSummary | null>(null);
  registries = $state.raw<RegistryHealth[]>([]);
  /** Ids in the order of the screen, filtered. */
  visible = $state.raw<string[]>([]);
  /** Grows with every delta; whoever reads rows reads this first. */
  version = $state(0);
  filter = $state.raw<Filter>(NO_FILTER);
  /** Whether the order on the screen differs from what it would be, because the user is in the table. */
  held = $state(false);
  /** The agent whose page is open. */
  opened = $state<string | null>(null);

  #order: string[] = [];
  #compare = comparator(null);
  #holding = false;

  apply(delta: FleetDelta): void {
    // A search also finds words of verdicts, so with a filter every change may matter.
    const moved = fold(
      this.rows,
      delta,
      (before, after) => this.filtered || this.#compare(before, after) !== 0,
    );
    this.summary = delta.summary;
    this.registries = delta.registries;
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

  setFilter(filter: Filter): void {
    this.filter = filter;
    this.#show(this.#filtered());
    this.held = false;
  }

  setSort(sort: Sort | null): void {
    this.#compare = comparator(sort);
    this.#order = [...this.rows.values()].sort(this.#compare).map((row) => row.id);
    // Who asks for another order wants to see it, wherever the pointer is.
    this.#show(this.#filtered());
    this.held = false;
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

  #arrange(): void {
    const fresh = this.#filtered();
    if (!this.#holding) {
      this.#show(fresh);
      this.held = false;
      return;
    }
    const held = hold(this.visible, fresh, (id) => this.rows.has(id));
    this.#show(held);
    this.held = !sameOrder(held, fresh);
  }

  #filtered(): string[] {
    if (!this.filtered) return this.#order;
    const matches = matcher(this.filter);
    return this.#order.filter((id) => {
      const row = this.rows.get(id);
      return row !== undefined && matches(row);
    });
  }

  #show(ids: string[]): void {
    if (!sameOrder(ids, this.visible)) this.visible = ids;
  }
}
