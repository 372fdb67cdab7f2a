import type { BeatsBy } from "./bindings/BeatsBy";
import type { BusFace } from "./bindings/BusFace";
import type { DialectChoice } from "./bindings/DialectChoice";
import type { NewAgent } from "./host";

export type { BusFace } from "./bindings/BusFace";

/** A bus as a person wants it. */
export interface NewBus {
  name: string;
  url: string;
  /** Nothing where there is none. It goes where keys are kept, and never comes back. */
  password: string | null;
  /** Whether agents that nobody configured are shown, too. */
  watch: boolean;
  /** Whether several Beatkeepers share it. */
  team: boolean;
  /** Although its server does not answer. */
  force: boolean;
}

/** How a registry is beaten at, where that is not as usual. */
export interface Spoken {
  dialect: DialectChoice;
  /** ArtCafe: whose agents these are. */
  organization: string | null;
  /** ArtCafe: where an agent gets its challenge; nothing where that is below the registry's address. */
  challenge: string | null;
}

/** What the window asks about Redis buses. */
export interface BusHost {
  busList(): Promise<BusFace[]>;
  busAdd(bus: NewBus): Promise<void>;
  /** Asks its server, and is refused with what is wrong. */
  busTest(name: string): Promise<void>;
  busRemove(name: string): Promise<void>;
  /** Adds an agent by the name that it has there; `interval` in seconds. */
  agentOnBus(bus: string, name: string, beats: BeatsBy, interval: number | null): Promise<NewAgent>;
}
