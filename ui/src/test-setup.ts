import { cleanup, configure } from "@testing-library/svelte";
import { afterEach } from "vitest";

// A bound against hanging, and no measurement: a busy machine takes more than the usual second.
configure({ asyncUtilTimeout: 30_000 });

// Nothing is laid out in the tests, and a window without height would show no rows.
Object.defineProperty(HTMLElement.prototype, "clientHeight", { configurable: true, get: () => 700 });

afterEach(() => {
  cleanup();
  // What one test chose is not for the next.
  localStorage.clear();
  history.replaceState(null, "", "/");
});
