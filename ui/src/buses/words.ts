import type { BusHealth } from "../host/bindings/BusHealth";
import type { RegistryHealth } from "../host/bindings/RegistryHealth";
import type { BusFace } from "../host/host";
import { count } from "../lib/time";

/** How a bus does, in the parts of a sentence. */
export function stateWords(health: RegistryHealth | undefined): string[] {
  if (health === undefined) return ["not known yet"];
  if (health.problem !== null) return [health.problem];
  if (health.reachable === false) return ["not reachable"];
  if (health.reachable === null) return ["not asked yet"];
  return ["reachable", health.stream_live ? "heard live" : "not heard live"];
}

/** Who is there. */
export function agentWords({ agents, watch }: BusFace, bus: BusHealth | null): string[] {
  const seen = bus?.only_seen ?? 0;
  return [`${count(agents)} configured here`, watch ? `${count(seen)} only seen` : "others are not shown"];
}

/** What came by a bus and is not in the table. */
export function lostWords(bus: BusHealth | null): string[] {
  if (bus === null) return [];
  const away = bus.turned_away > 0 ? ["more agents than are shown"] : [];
  const messages = bus.unusable === 1 ? "message" : "messages";
  const unusable =
    bus.unusable > 0 ? [`${count(bus.unusable)} unusable ${messages} (${bus.last_unusable ?? ""})`] : [];
  const dropped = bus.dropped > 0 ? [`${count(bus.dropped)} messages came too fast to be read`] : [];
  return [...away, ...unusable, ...dropped];
}

/** An address without the password that was in it, and the password. */
export function parted(address: string): { address: string; password: string | null } {
  const text = address.trim();
  if (!URL.canParse(text)) return { address, password: null };
  const url = new URL(text);
  if (url.password === "") return { address, password: null };
  const password = decoded(url.password);
  url.password = "";
  return { address: url.href, password };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
