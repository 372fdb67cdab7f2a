const MODIFIERS = new Set(["Shift", "Control", "Alt", "Meta", "CapsLock", "NumLock"]);

/**
 * Keeps in `data-input` whether a pointer or the keyboard was used last.
 *
 * Webviews disagree on what focus is visible that a script gives back, as after a dialog: some show a ring to a person
 * who has only used the mouse. The style sheet decides by this instead.
 */
export function noteInput(page: Document): () => void {
  const events = new AbortController();
  const note = (input: "pointer" | "keyboard") => (page.documentElement.dataset.input = input);
  // Captured: a dialog keeps its keys to itself.
  const options = { capture: true, signal: events.signal };
  page.addEventListener("pointerdown", () => note("pointer"), options);
  page.addEventListener("keydown", ({ key }) => MODIFIERS.has(key) || note("keyboard"), options);
  return () => events.abort();
}
