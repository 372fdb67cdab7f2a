import type { Component, ComponentProps } from "svelte";

/** What any component may be given. */
export type AnyProps = ComponentProps<Component>;

/** A part of the window that comes when it is first needed, since few who open the window need it. */
export interface Part<Props extends AnyProps> {
  /** What has come already. */
  readonly loaded: Component<Props> | null;
  load(): Promise<Component<Props>>;
}

export function part<Props extends AnyProps>(get: () => Promise<{ default: Component<Props> }>): Part<Props> {
  let loaded: Component<Props> | null = null;
  return {
    get loaded() {
      return loaded;
    },
    load: async () => (loaded = (await get()).default),
  };
}
