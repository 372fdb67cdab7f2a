import { cleanup } from "@testing-library/svelte";
import { afterEach } from "vitest";

// Nothing is laid out in the tests, and a window without height would show no rows.
Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 700 });

afterEach(() => {
  cleanup();
  // What one test chose is not for the next.
  localStorage.clear();
  history.replaceState(null, "", "/");
});
