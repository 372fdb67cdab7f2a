import type { Fact } from "../agent/Facts.svelte";
import type { RungState } from "../host/bindings/RungState";
import type { RunThen } from "../host/bindings/RunThen";
import { absolute, count, moment } from "../lib/time";
import { bytes, percent } from "../process/words";

const CAME: Record<RungState, string> = {
  waiting: "not tried",
  counting: "next",
  trying: "tried; a confirmed beat was awaited",
  worked: "worked: a beat was confirmed after it",
  failed: "failed: no beat was confirmed after it",
  skipped: "passed over by a person",
};

/** What was known of a process when the incident was opened. */
export function runFacts(run: RunThen, now: number): Fact[] {
  const { exit, probe, usage, ladder } = run;
  const facts: Fact[] = [
    { term: "Process id", text: run.pid === null ? "none: it did not run" : `${run.pid}` },
  ];
  if (run.started_at !== null)
    facts.push({
      term: "Started",
      text: `${moment(run.started_at, now)}${run.reclaimed ? ", by an earlier run of Beatkeeper" : ""}`,
      title: absolute(run.started_at),
    });
  const next = run.next_start_at === null ? "" : `, the next one at ${moment(run.next_start_at, now)}`;
  const most = run.max_restarts > 0 ? ` of ${run.max_restarts}` : "";
  facts.push({ term: "Restarts", text: `${run.restarts}${most} in a row${next}` });
  if (exit !== null)
    facts.push({
      term: "Ended last",
      text: `${moment(exit.at, now)}, ${exit.sentence}`,
      title: absolute(exit.at),
      tone: exit.code === 0 ? "" : "bad",
    });
  if (probe !== null)
    facts.push({
      term: "Its probe",
      text: `${moment(probe.at, now)}, ${probe.sentence}`,
      title: absolute(probe.at),
      tone: probe.well ? "" : "bad",
    });
  if (usage !== null) {
    const files = usage.open_files === null ? "" : ` · ${count(usage.open_files)} files`;
    facts.push({
      term: "Cost",
      text: `${percent(usage.cpu_permille / 10)} · ${bytes(usage.memory_bytes)} · ${count(usage.threads)} threads${files}`,
      title: absolute(usage.at),
    });
  }
  if (run.drift !== null) facts.push({ term: "Code", text: run.drift, tone: "warning" });
  if (ladder !== null) {
    const stood = ladder.sentence === "" ? "nothing was to be tried" : ladder.sentence;
    facts.push({ term: "Recovery", text: `${stood}${ladder.held ? "; held by a person" : ""}` });
    ladder.rungs.forEach(({ label, state }, at) =>
      facts.push({ term: `Step ${at + 1}`, text: `${label}: ${CAME[state]}` }),
    );
  }
  return facts;
}
