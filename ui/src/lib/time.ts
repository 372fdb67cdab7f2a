import type { Uptime } from "../host/bindings/Uptime";

/** Times and lengths as a person reads them. All points are milliseconds since the epoch. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const pad = (value: number): string => String(value).padStart(2, "0");

/** `4 s ago`, `1 min 52 s ago`, `18 min ago`, `3 h ago`, `yesterday`, `12 d ago`. */
export function ago(at: number | null, now: number): string {
  if (at === null) return "never";
  const age = now - at;
  if (age < SECOND) return "now";
  if (age < MINUTE) return `${Math.floor(age / SECOND)} s ago`;
  if (age < 5 * MINUTE) {
    const seconds = Math.floor((age % MINUTE) / SECOND);
    const minutes = Math.floor(age / MINUTE);
    return seconds === 0 ? `${minutes} min ago` : `${minutes} min ${seconds} s ago`;
  }
  if (age < HOUR) return `${Math.floor(age / MINUTE)} min ago`;
  const days = calendarDays(at, now);
  if (age < DAY && (days === 0 || age < 6 * HOUR)) return `${Math.floor(age / HOUR)} h ago`;
  if (days <= 1) return "yesterday";
  return `${days} d ago`;
}

/** A length: `0.4 s`, `39 s`, `12 min`, `1 h 04 min`, `3 d 2 h`. */
export function length(ms: number): string {
  const value = Math.max(0, ms);
  if (value < 10 * SECOND && value % SECOND !== 0) return `${(value / SECOND).toFixed(1)} s`;
  if (value < MINUTE) return `${Math.floor(value / SECOND)} s`;
  if (value < 10 * MINUTE) {
    const seconds = Math.floor((value % MINUTE) / SECOND);
    const minutes = Math.floor(value / MINUTE);
    return seconds === 0 ? `${minutes} min` : `${minutes} min ${pad(seconds)} s`;
  }
  if (value < HOUR) return `${Math.floor(value / MINUTE)} min`;
  if (value < DAY) return `${Math.floor(value / HOUR)} h ${pad(Math.floor((value % HOUR) / MINUTE))} min`;
  return `${Math.floor(value / DAY)} d ${Math.floor((value % DAY) / HOUR)} h`;
}

/** What is left until `at`: `4:51`, `1:04:05`; `null` when it has passed. */
export function countdown(at: number, now: number): string | null {
  const left = at - now;
  if (left <= 0) return null;
  const seconds = Math.ceil(left / SECOND);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}:${pad(seconds % 60)}`;
  return `${Math.floor(minutes / 60)}:${pad(minutes % 60)}:${pad(seconds % 60)}`;
}

/** `in 7 s`, `in 3 min`; `now` when it has come. */
export function until(at: number, now: number): string {
  const left = at - now;
  return left <= 0 ? "now" : `in ${length(Math.ceil(left / SECOND) * SECOND)}`;
}

/** A round trip: `38 ms`, `1.2 s`, or a dash. */
export function trip(ms: number | null): string {
  if (ms === null) return "—";
  return ms < SECOND ? `${Math.round(ms)} ms` : `${(ms / SECOND).toFixed(1)} s`;
}

/** A share of the day: `99.7 %`, `100 %`, or a dash. Short of the whole is never rounded up to it. */
export function share(part: number | null): string {
  if (part === null) return "—";
  return part >= 1 ? "100 %" : `${(Math.floor(part * 1000) / 10).toFixed(1)} %`;
}

/** Both shares: `99.8 % awake, 71.2 % of all the time`. */
export function uptimeWords(uptime: Uptime | null): string {
  return uptime ? `${share(uptime.awake)} awake, ${share(uptime.raw)} of all the time` : "—";
}

/** How far a clock is ahead: `+0.1 s`, `−74 s`, `+1 h 00 min`. */
export function clockOffset(ms: number): string {
  const off = Math.abs(ms);
  const seconds = off < 10 * SECOND ? (off / SECOND).toFixed(1) : String(Math.round(off / SECOND));
  const text = off < 100 * SECOND ? `${seconds} s` : length(off);
  return `${ms < 0 && Number(seconds) !== 0 ? "−" : "+"}${text}`;
}

/** A whole number with its thousands parted. */
export function count(value: number): string {
  return integers.format(value);
}

/** `14:02:11`, in the system's zone and hour cycle; with the day in front when that is not today. */
export function moment(at: number, now: number): string {
  const date = new Date(at);
  return calendarDays(at, now) === 0 ? times.format(date) : `${days.format(date)} ${times.format(date)}`;
}

/** `15:30`, with the day in front when that is not today. */
export function hourMinute(at: number, now: number): string {
  const time = hours.format(new Date(at));
  return calendarDays(at, now) === 0 ? time : `${day(at)} ${time}`;
}

/** `22 Nov` */
export function day(at: number): string {
  return days.format(new Date(at));
}

/** The whole date and time, for a tooltip. */
export function absolute(at: number): string {
  return full.format(new Date(at));
}

/** Midnights between two points. */
function calendarDays(from: number, to: number): number {
  const a = new Date(from);
  const b = new Date(to);
  const start = Date.UTC(a.getFullYear(), a.getMonth(), a.getDate());
  return Math.round((Date.UTC(b.getFullYear(), b.getMonth(), b.getDate()) - start) / DAY);
}

const integers = new Intl.NumberFormat("en");
const times = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const hours = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const days = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
