import { ALERT_TABS, type AlertTab } from "../alerts/address";
import { ACTIONS, type Action } from "../bulk/run.svelte";
import type { AgentRow } from "../host/bindings/AgentRow";
import type { Liveness } from "../host/bindings/Liveness";
import { NO_FILTER } from "../lib/filter";
import { fits } from "../lib/fuzzy";
import { type GroupBy, GROUPINGS } from "../lib/lines";
import { RANGES, rangeOf } from "../lib/strip";
import { count } from "../lib/time";
import { titleOf } from "../repair/words";
import type { Session } from "../session.svelte";

/** Something that the palette offers. */
export interface Entry {
  id: string;
  words: string;
  /** What kind of thing it is, and for an agent how it is. */
  hint: string;
  liveness?: Liveness;
  run: () => void;
}

/** What the palette needs that is not the session's. */
export interface Outside {
  showShortcuts: () => void;
  /** Puts the focus into the table. */
  focusTable: () => void;
}

const SHOWN = 50;

/** The agents and actions that fit what was typed, best first; without anything typed, the actions and then the agents. */
export function entriesFor(typed: string, session: Session, outside: Outside): Entry[] {
  const actions = actionsOf(session, outside);
  const agents = session.fleet.everyone();
  if (typed.trim() === "")
    return [...actions, ...agents.slice(0, SHOWN).map((row) => agentEntry(row, session, outside))];
  const found: { score: number; entry: () => Entry }[] = [];
  for (const entry of actions) {
    const score = fits(typed, entry.words);
    if (score !== null) found.push({ score, entry: () => entry });
  }
  for (const row of agents) {
    // An id is looked for as it is: letters here and there in it mean nothing.
    const byId = typed.trim().length >= 4 && row.id.includes(typed.trim().toLowerCase());
    const score = byId ? 100 : fits(typed, row.name);
    if (score !== null) found.push({ score, entry: () => agentEntry(row, session, outside) });
  }
  found.sort((a, b) => b.score - a.score);
  return found.slice(0, SHOWN).map(({ entry }) => entry());
}

function agentEntry(row: AgentRow, session: Session, { focusTable }: Outside): Entry {
  return {
    id: row.id,
    words: row.name,
    hint: row.short_id,
    liveness: row.liveness,
    run: () => {
      session.open(row.id);
      focusTable();
    },
  };
}

function actionsOf(session: Session, { showShortcuts }: Outside): Entry[] {
  const { fleet, view } = session;
  const entries: Entry[] = [];
  const add = (id: string, words: string, run: () => void, hint = "") =>
    entries.push({ id: `action-${id}`, words, hint, run });

  const subject = subjectOf(session);
  for (const action of Object.keys(ACTIONS) as Action[]) {
    const rows = subject.rows.filter((row) => ACTIONS[action].suits(row));
    if (rows.length === 0) continue;
    const who = subject.name ?? `${count(rows.length)} selected`;
    const more = action === "remove" ? "…" : (ACTIONS[action].tail ?? "");
    add(action, `${ACTIONS[action].verb} ${who}${more}`, () => session.act(action, rows));
  }

  const opened = fleet.row(fleet.opened);
  if (opened?.process.run) add("log", `Log of ${opened.name}`, () => session.openLog(opened.id), "l");
  if (opened) {
    const { id, name, registry } = opened;
    add("doctor", `Doctor of ${name}`, () => session.openDoctor(id), "d");
    for (const kind of registry.writes)
      add(`write-${kind}`, `${titleOf(kind, name)}…`, () => (session.repairing = { id, name, kind }));
  }
  if (opened)
    add(
      "launch",
      `Set up how ${opened.name} is started…`,
      () => (session.launching = { id: opened.id, proposal: null }),
    );
  add("add", "Add agent…", () => (session.adding = true));
  add("project", "Add the agents of a project folder…", () => (session.project = { folder: null }));
  add("buses", "Redis buses…", () => (session.buses = "list"), "b");
  add("bus-add", "Add a Redis bus…", () => (session.buses = "add"));
  if (session.demo) add("demo", "End the demo…", () => (session.endingDemo = true));
  else add("demo", "Try the demo registry", () => void session.startDemo());
  const alerts = session.alertsPaused ? "Resume alerts" : "Pause alerts for 1 h";
  add("alerts", alerts, () => void session.toggleAlerts());
  for (const [tab, words] of Object.entries(ALERT_TABS) as [AlertTab, string][])
    add(
      `alerts-${tab}`,
      tab === "incidents" ? "Alerts" : `Alerts: ${words.toLowerCase()}`,
      () => (session.alertTab = tab),
      tab === "incidents" ? "a" : "",
    );
  if (fleet.filtered) add("show-all", "Show all agents", () => session.showAll());
  const counts = fleet.summary?.counts;
  for (const state of ["offline", "stale", "late", "active", "inactive", "stopped", "unknown"] as const) {
    if ((counts?.[state] ?? 0) === 0 || fleet.filter.state === state) continue;
    add(
      `show-${state}`,
      `Show only ${state}`,
      () => fleet.setFilter({ ...NO_FILTER, state }),
      `${counts?.[state]}`,
    );
  }
  for (const [by, words] of Object.entries(GROUPINGS) as [GroupBy, string][])
    if (by !== view.grouping.by) add(`group-${by}`, words.replace("By", "Group by"), () => view.groupBy(by));
  for (const hours of RANGES)
    if (hours !== view.hours)
      add(`beats-${hours}`, `Beats of the last ${rangeOf(hours)}`, () => view.showLast(hours));
  add("select-all", "Select all that are shown", () => fleet.selection.all(fleet.lines), "Ctrl+A");
  if (!view.usual) add("reset", "Reset columns", () => view.reset());
  add("shortcuts", "Keyboard shortcuts", showShortcuts, "?");
  return entries;
}

/** Whom actions are for: the selected agents, or the one whose page is open. */
function subjectOf({ fleet }: Session): { rows: AgentRow[]; name: string | null } {
  if (fleet.selection.size > 0)
    return { rows: [...fleet.selection.ids].flatMap((id) => fleet.rows.get(id) ?? []), name: null };
  const opened = fleet.row(fleet.opened);
  return opened ? { rows: [opened], name: opened.name } : { rows: [], name: null };
}
