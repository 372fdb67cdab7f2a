import { SvelteMap, SvelteSet } from "svelte/reactivity";

import { type FoundKey, type Host, type Problem, problemOf } from "../host/host";

export type ImportState = "waiting" | "importing" | "done" | "failed";

/** Whether a found key can become an agent of this app. A developer's key is what others are derived from. */
export const canImport = (key: FoundKey): boolean =>
  key.problem === null && !key.known && key.of !== "developer";

export function kindWord(key: FoundKey): string {
  return key.of === "developer" ? "developer key" : key.of;
}

/** Imports found keys one after the other: the vault does one at a time, and a prompt is answered once. */
export class Importing {
  busy = $state(false);
  readonly failed = new SvelteMap<string, Problem>();
  readonly shredded = new SvelteSet<string>();
  readonly #done = new SvelteMap<string, { key: FoundKey; id: string }>();
  #current = $state<string | null>(null);
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  get done(): FoundKey[] {
    return [...this.#done.values()].map(({ key }) => key);
  }

  get ids(): string[] {
    return [...this.#done.values()].map(({ id }) => id);
  }

  stateOf(key: FoundKey): ImportState {
    if (this.#current === key.path) return "importing";
    if (this.#done.has(key.path)) return "done";
    return this.failed.has(key.path) ? "failed" : "waiting";
  }

  wordOf(key: FoundKey): string {
    if (this.shredded.has(key.path)) return "imported, file shredded";
    return { waiting: "", importing: "importing…", done: "imported", failed: "not imported" }[
      this.stateOf(key)
    ];
  }

  async importAll(keys: FoundKey[]): Promise<void> {
    this.busy = true;
    for (const key of keys) {
      if (this.#done.has(key.path)) continue;
      this.#current = key.path;
      this.failed.delete(key.path);
      try {
        // The list shows who can read the file, so whoever ticks it has seen that.
        const as = { loose: key.loose, service: key.of === "service" };
        const added = await this.#host.agentImport(key.path, key.registry, key.name, null, as);
        this.#done.set(key.path, { key, id: added.id });
      } catch (error) {
        this.failed.set(key.path, problemOf(error));
      }
    }
    this.#current = null;
    this.busy = false;
  }

  async shredAll(keys: FoundKey[]): Promise<void> {
    this.busy = true;
    for (const key of keys) {
      try {
        await this.#host.keyFileShred(key.path);
        this.shredded.add(key.path);
        this.failed.delete(key.path);
      } catch (error) {
        this.failed.set(key.path, problemOf(error));
      }
    }
    this.busy = false;
  }
}
