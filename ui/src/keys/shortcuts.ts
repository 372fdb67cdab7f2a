/**
 * Every key of the window, once: those who handle keys ask this list what a key means, and the sheet of shortcuts shows
 * the same list, so neither can know of a key that the other does not.
 */
export interface Shortcut<Command extends string = string> {
  command: Command;
  /** Any of these. `Mod` is Ctrl, or Cmd on a Mac. */
  chords: readonly string[];
  words: string;
}

const list = <Command extends string>(
  ...entries: [command: Command, chords: string, words: string][]
): readonly Shortcut<Command>[] =>
  entries.map(([command, chords, words]) => ({ command, chords: chords.split(" "), words }));

export const SHORTCUTS = {
  window: list(
    ["palette", "Mod+K", "Find an agent or a command"],
    ["search", "/", "Search"],
    ["next", "j", "Into the rows, or on to the next"],
    ["previous", "k", "Into the rows, or back to the previous"],
    ["selectAll", "Mod+A", "Select all that are shown"],
    ["alerts", "a", "The alerts, or back to the agents"],
    ["buses", "b", "The Redis buses"],
    ["close", "Escape", "Close the outcome, end the selection, close the alerts or the agent's page"],
    ["help", "?", "This list"],
  ),
  table: list(
    ["next", "j ArrowDown", "Next agent"],
    ["previous", "k ArrowUp", "Previous agent"],
    ["pageDown", "PageDown", "A page down"],
    ["pageUp", "PageUp", "A page up"],
    ["first", "Home", "First agent"],
    ["last", "End", "Last agent"],
    ["open", "Enter", "Open the agent; fold or unfold a group"],
    ["select", "Space", "Select, or a whole group"],
    ["extend", "Shift+Space", "Select up to here"],
    ["extendDown", "Shift+ArrowDown Shift+J", "Select downwards"],
    ["extendUp", "Shift+ArrowUp Shift+K", "Select upwards"],
    ["selectAll", "Mod+A", "Select all that are shown"],
    ["start", "u", "Start the selected, or this one"],
    ["stop", "x", "Stop the selected, or this one"],
    ["restart", "r", "Restart the process, or the link of one that others run"],
    ["log", "l", "Its log"],
    ["doctor", "d", "What is wrong with it"],
    ["snooze", "s", "Snooze their alerts for 1 h, or end that"],
    ["remove", "Delete", "Remove the selected, or this one"],
    ["unfold", "ArrowRight", "Unfold the group"],
    ["fold", "ArrowLeft", "Fold the group"],
  ),
  header: list(
    ["sort", "Enter Space", "Sort by the column: one way, the other way, not at all"],
    ["left", "ArrowLeft", "Previous column"],
    ["right", "ArrowRight", "Next column"],
    ["narrower", "Shift+ArrowLeft", "Narrower"],
    ["wider", "Shift+ArrowRight", "Wider"],
    ["moveLeft", "Alt+ArrowLeft", "Move the column to the left"],
    ["moveRight", "Alt+ArrowRight", "Move the column to the right"],
    ["hide", "Delete", "Hide the column"],
    ["rows", "ArrowDown", "To the rows"],
  ),
  walk: list(
    ["previous", "ArrowLeft", "Previous"],
    ["next", "ArrowRight", "Next"],
    ["first", "Home", "First"],
    ["last", "End", "Last"],
  ),
  page: list(
    ["start", "u", "Start its process"],
    ["stop", "x", "Stop its process"],
    ["restart", "r", "Restart its process, or its link"],
    ["log", "l", "Its log"],
    ["doctor", "d", "What is wrong with it"],
    ["hold", "h", "Hold its recovery, or let it go on"],
    ["skip", "p", "Skip the present rung of its recovery"],
  ),
  log: list(
    ["down", "j ArrowDown", "A line down"],
    ["up", "k ArrowUp", "A line up"],
    ["pageDown", "PageDown Space", "A page down"],
    ["pageUp", "PageUp Shift+Space", "A page up"],
    ["begin", "Home", "To the oldest line that is kept"],
    ["follow", "End", "To the newest line, and follow"],
    ["find", "/ Mod+F", "Search in it"],
    ["next", "n", "Next line that was found"],
    ["previous", "Shift+N", "Previous line that was found"],
    ["earlierStart", "[", "To the start before"],
    ["laterStart", "]", "To the next start"],
    ["mark", "m", "Mark this moment"],
    ["wrap", "w", "Wrap long lines, or not"],
    ["tall", "f", "The whole window for it, or not"],
    ["copy", "Mod+C", "Copy the lines that were chosen"],
  ),
  doctor: list(
    ["next", "j ArrowDown", "Next check"],
    ["previous", "k ArrowUp", "Previous check"],
    ["first", "Home", "First check"],
    ["last", "End", "Last check"],
    ["copy", "c", "Copy the command of the check"],
    ["again", "d", "Look again"],
    ["tall", "f", "The whole window for it, or not"],
  ),
  incidents: list(
    ["next", "j ArrowDown", "Next incident"],
    ["previous", "k ArrowUp", "Previous incident"],
    ["open", "Enter", "Open its agent"],
    ["acknowledge", "e", "Acknowledge it for 24 h, or take that back"],
    ["snooze", "s", "Snooze its agent's alerts for 1 h"],
    ["restart", "r", "Restart its agent"],
    ["blackBox", "b", "Its black box"],
  ),
  palette: list(
    ["next", "ArrowDown", "Next"],
    ["previous", "ArrowUp", "Previous"],
    ["run", "Enter", "Open the agent, or do it"],
  ),
} as const;

export type Place = keyof typeof SHORTCUTS;
export type CommandOf<P extends Place> = (typeof SHORTCUTS)[P][number]["command"];

/** What a key means at some place. */
export function commandOf<P extends Place>(place: P, event: KeyboardEvent): CommandOf<P> | null {
  const shortcuts: readonly Shortcut<CommandOf<P>>[] = SHORTCUTS[place];
  return shortcuts.find(({ chords }) => chords.some((chord) => isPressed(chord, event)))?.command ?? null;
}

function isPressed(chord: string, event: KeyboardEvent): boolean {
  const parts = chord.split("+");
  const key = parts.pop() ?? "";
  const wants = (modifier: string) => parts.includes(modifier);
  if (wants("Mod") !== (event.ctrlKey || event.metaKey) || wants("Alt") !== event.altKey) return false;
  const pressed = event.key === " " ? "Space" : event.key;
  // Where Shift is what makes the character, as with `?`, it depends on the keyboard whether it is held.
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase();
  if (!isSign && wants("Shift") !== event.shiftKey) return false;
  return key.length === 1 ? pressed.toLowerCase() === key.toLowerCase() : pressed === key;
}

const SIGNS: Record<string, string> = {
  ArrowUp: "↑",
  ArrowDown: "↓",
  ArrowLeft: "←",
  ArrowRight: "→",
  Escape: "Esc",
};

/** A chord as it is on the keyboard of this system. */
export function wordsOf(chord: string, mac = navigator.platform.startsWith("Mac")): string {
  const words = chord
    .split("+")
    .map((part) => (part === "Mod" ? (mac ? "⌘" : "Ctrl") : (SIGNS[part] ?? part)));
  return words.join("+");
}
