import type { Connection } from "../host/bindings/Connection";
import { count, length } from "../lib/time";

/** How a connection ended: `open`, `1006, no close frame`, `1000, by us`, `never opened`. */
export function closeWords(connection: Connection): string {
  const { opened_at: opened, closed_at: closed, close_code: code } = connection;
  if (closed === null) return opened === null ? "not open yet" : "open";
  if (opened === null) return "never opened";
  if (code === 1006) return "1006, no close frame";
  if (code === 1000) return "1000, by us";
  return code === null ? "—" : String(code);
}

const SHOWN_WAITS = 5;

/** What it took to open it: `3 attempts, 1.0 + 1.7 + 3.4 s`. One attempt is nothing to speak of. */
export function waitWords(connection: Connection): string {
  const { attempts, waits_ms: waits } = connection;
  if (attempts <= 1 && waits.length === 0) return "";
  const word = `${count(attempts)} ${attempts === 1 ? "attempt" : "attempts"}`;
  if (waits.length === 0) return word;
  if (waits.length > SHOWN_WAITS) return `${word} over ${length(waits.reduce((sum, wait) => sum + wait, 0))}`;
  return `${word}, ${waits.map((wait) => (wait / 1000).toFixed(1)).join(" + ")} s`;
}
