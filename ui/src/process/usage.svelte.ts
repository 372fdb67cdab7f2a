import type { FleetDelta } from "../host/bindings/FleetDelta";
import type { UsageView } from "../host/bindings/UsageView";

/** As many samples of an agent are kept: what fits into a line of that width. */
export const SAMPLES = 120;

/** What processes cost, as far as this window has seen it. */
export class UsageSeen {
  /** Grows with every sample; whoever reads samples reads this first. */
  version = $state(0);
  readonly #seen = new Map<string, UsageView[]>();

  take({ rows, removed }: Pick<FleetDelta, "rows" | "removed">): void {
    for (const id of removed) this.#seen.delete(id);
    let any = false;
    for (const { id, process } of rows) {
      const usage = process.run?.usage;
      if (!usage) continue;
      const samples = this.#seen.get(id) ?? [];
      if (samples.at(-1)?.at === usage.at) continue;
      samples.push(usage);
      if (samples.length > SAMPLES) samples.shift();
      this.#seen.set(id, samples);
      any = true;
    }
    if (any) this.version += 1;
  }

  /** Oldest first. */
  of(id: string): readonly UsageView[] {
    return this.#seen.get(id) ?? [];
  }
}
