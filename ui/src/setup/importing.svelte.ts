import { type FoundKey, type Host, type Problem, problemOf } from "../host/host";

export type ImportState = "waiting" | "importing" | "done" | "failed";

/** Whether a found key can become an agent of this app. A developer's key is what others are derived from. */
export const canImport = (key: FoundKey): boolean =>
  key.problem === null && !key.known && key.of !== "developer";

export function kindWord(key: FoundKey): string {
  return key.of === "developer" ? "developer key" : key.of;
}

/** What these files are, and for folders among them what is in there. */
export async function lookAt(host: Host, paths: readonly string[]): Promise<FoundKey[]> {
  const found: FoundKey[] = [];
  for (const key of await host.keysLook([...paths])) found.push(...(await inside(host, key)));
  return found;
}

/** Only the engine can tell a folder from a file; what is found nowhere in it is shown for what it is. */
async function inside(host: Host, key: FoundKey): Promise<FoundKey[]> {
  if (key.problem === null) return [key];
  const within = ({ path }: FoundKey) =>
    path.startsWith(key.path) && /[\\/]/.test(path[key.path.length] ?? "");
  const keys = await host.keysFind([key.path]).catch(() => []);
  const those = keys.filter(within);
  return those.length > 0 ? those : [key];
}

/** Imports found keys one after the other: the vault does one at a time, and a prompt is answered once. */
export class Importing {
  busy = $state(false);
  /** By their paths: what was refused, what is in the vault and under which id, and whose file is gone. */
  failed = $state.raw<Readonly<Record<string, Problem>>>({});
  #done = $state.raw<readonly { key: FoundKey; id: string }[]>([]);
  #shredded = $state.raw<readonly string[]>([]);
  #current = $state<string | null>(null);
  readonly #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  get done(): FoundKey[] {
    return this.#done.map(({ key }) => key);
  }

  get ids(): string[] {
    return this.#done.map(({ id }) => id);
  }

  /** Imported, with a file that is still there. */
  get shreddable(): FoundKey[] {
    return this.done.filter(({ path }) => !this.#shredded.includes(path));
  }

  /** Busy with keys and not with their files. */
  get importing(): boolean {
    return this.#current !== null;
  }

  stateOf({ path }: FoundKey): ImportState {
    if (this.#current === path) return "importing";
    if (this.done.some((key) => key.path === path)) return "done";
    return path in this.failed ? "failed" : "waiting";
  }

  wordOf(key: FoundKey): string {
    if (this.#shredded.includes(key.path)) return "imported, file shredded";
    return { waiting: "", importing: "importing…", done: "imported", failed: "not imported" }[
      this.stateOf(key)
    ];
  }

  importAll(keys: readonly FoundKey[]): Promise<void> {
    const left = keys.filter((key) => this.stateOf(key) !== "done");
    return this.#each(left, async (key) => {
      // The list shows who can read the file, so whoever ticks it has seen that.
      const as = { loose: key.loose, service: key.of === "service", project: key.project };
      this.#current = key.path;
      const { id } = await this.#host.agentImport(key.path, key.registry, key.name, null, as);
      this.#done = [...this.#done, { key, id }];
    });
  }

  shredAll(keys: readonly FoundKey[]): Promise<void> {
    return this.#each(keys, async ({ path }) => {
      await this.#host.keyFileShred(path);
      this.#shredded = [...this.#shredded, path];
    });
  }

  /** What fails does not keep the others from it. */
  async #each(keys: readonly FoundKey[], work: (key: FoundKey) => Promise<void>): Promise<void> {
    this.busy = true;
    for (const key of keys) {
      this.failed = Object.fromEntries(Object.entries(this.failed).filter(([path]) => path !== key.path));
      try {
        await work(key);
      } catch (error) {
        this.failed = { ...this.failed, [key.path]: problemOf(error) };
      }
    }
    this.#current = null;
    this.busy = false;
  }
}
