import type { UsagePoint } from "../host/bindings/UsagePoint";
import { hourMinute } from "../lib/time";
import { bytes, percent } from "./words";

/** Hours that can be looked at. */
export const LOOKS = [24, 168, 720] as const;
export type Look = (typeof LOOKS)[number];

export const lookWord = (hours: Look): string => (hours === 24 ? "24 h" : `${hours / 24} d`);
export const LOOK_OPTIONS = LOOKS.map((key) => ({ key, word: lookWord(key) }));

/** What a graph has across, whatever its width in pixels. */
export const ACROSS = 600;
/** How much of that a restart leaves free. */
const RESTART = 3;

/** Points that follow each other, without a time between them in which nothing ran, and without a restart. */
export function pieces(points: readonly UsagePoint[]): UsagePoint[][] {
  const all: UsagePoint[][] = [];
  for (const point of points) {
    const piece = all.at(-1);
    const before = piece?.at(-1);
    if (piece && before && before.at + before.span_ms === point.at && point.starts === 0) piece.push(point);
    else all.push([point]);
  }
  return all;
}

/** A line in steps for each piece: x across, y from 0 at the bottom to 1. */
export function steps(
  points: readonly UsagePoint[],
  [from, to]: readonly [number, number],
  value: (point: UsagePoint) => number,
): { x: number; y: number }[][] {
  const place = (time: number) => (ACROSS * (Math.min(Math.max(time, from), to) - from)) / (to - from);
  return pieces(points).map((piece) =>
    piece.flatMap((point, at) => {
      const [x, end] = [place(point.at), place(point.at + point.span_ms)];
      const begin = at === 0 && point.starts > 0 && x > 0 ? Math.min(x + RESTART, end) : x;
      return [begin, end].map((side) => ({ x: side, y: value(point) }));
    }),
  );
}

/** `Last 24 h: memory 85 MB to 120 MB, CPU mean 2 %, highest 40 % at 14:02` */
export function describeUsage(points: readonly UsagePoint[], hours: Look, now: number): string {
  const busiest = points.reduce<UsagePoint | null>(
    (most, point) => (most && most.cpu_max >= point.cpu_max ? most : point),
    null,
  );
  if (busiest === null) return `Last ${lookWord(hours)}: it did not run here`;
  const time = sum(points, ({ span_ms: span }) => span);
  const mean = sum(points, ({ cpu_mean: cpu, span_ms: span }) => cpu * span) / time;
  const least = Math.min(...points.map(({ memory_min: memory }) => memory));
  const most = Math.max(...points.map(({ memory_max: memory }) => memory));
  const said = [
    `memory ${fromTo(least, most)}`,
    `CPU mean ${percent(mean)}`,
    `highest ${percent(busiest.cpu_max)} ${hours === 24 ? "at" : "about"} ${hourMinute(busiest.at, now)}`,
    ...startWords(sum(points, ({ starts }) => starts)),
  ];
  return `Last ${lookWord(hours)}: ${said.join(", ")}`;
}

/** One point: `14:00 to 14:15: CPU 2 %, highest 40 %; memory 88 MB, 85 MB to 92 MB; 9 threads, 31 files` */
export function pointWords(point: UsagePoint, now: number): string {
  const holds = [
    `${point.threads} threads`,
    ...(point.open_files === null ? [] : [`${point.open_files} files`]),
    ...startWords(point.starts),
  ];
  const end = Math.min(point.at + point.span_ms, now);
  const time = `${hourMinute(point.at, now)} to ${hourMinute(end, now)}`;
  const cpu = `CPU ${percent(point.cpu_mean)}, highest ${percent(point.cpu_max)}`;
  const memory = `memory ${bytes(point.memory_mean)}, ${fromTo(point.memory_min, point.memory_max)}`;
  return `${time}: ${cpu}; ${memory}; ${holds.join(", ")}`;
}

function fromTo(least: number, most: number): string {
  const [low, high] = [bytes(least), bytes(most)];
  return low === high ? `steady at ${low}` : `${low} to ${high}`;
}

function startWords(starts: number): string[] {
  if (starts === 0) return [];
  return [starts === 1 ? "started once" : `started ${starts} times`];
}

function sum(points: readonly UsagePoint[], value: (point: UsagePoint) => number): number {
  return points.reduce((all, point) => all + value(point), 0);
}
