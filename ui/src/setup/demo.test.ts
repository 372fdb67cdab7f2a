import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible, names, openWindow } from "../app.test-help";
import { hostOf } from "../host/fixture/address";

const empty = () => hostOf(new URLSearchParams("state=empty"));
const text = (testid: string) => screen.getByTestId(testid).textContent?.replace(/\s+/g, " ").trim();

describe("the demo registry", () => {
  it("is one of three doors, says that it starts, and fills the table", async () => {
    const host = await openWindow(empty());
    expect(screen.getAllByRole("heading", { level: 3 }).map((each) => each.textContent)).toEqual([
      "Find the keys I have",
      "Add by hand",
      "Try the demo registry",
    ]);
    await expectAccessible();
    const real = host.demoStart.bind(host);
    let go = (): void => undefined;
    host.demoStart = () => new Promise<void>((resolve) => (go = resolve)).then(real);
    await fireEvent.click(screen.getByTestId("empty-demo"));
    expect(text("empty-demo")).toBe("Starting…");
    expect(screen.getByTestId<HTMLButtonElement>("empty-demo").disabled).toBe(true);
    go();
    await waitFor(() => expect(names()).toHaveLength(4));
    expect(text("demo-badge")).toBe("Demo");
    await expectAccessible();
  });

  it("says why it did not start, and can be tried again", async () => {
    const host = await openWindow(empty());
    vi.spyOn(host, "demoStart").mockRejectedValueOnce({
      code: "demo.port",
      sentence: "No port is free.",
      remedy: "Close something.",
    });
    await fireEvent.click(screen.getByTestId("empty-demo"));
    await waitFor(() =>
      expect(screen.getByRole("alert").textContent).toBe("No port is free. Close something."),
    );
    await fireEvent.click(screen.getByTestId("empty-demo"));
    await waitFor(() => expect(names()).toHaveLength(4));
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("ends after it was said what goes, and leaves the others alone", async () => {
    const host = await openWindow();
    expect(screen.queryByTestId("demo-badge")).toBeNull();
    await fireEvent.keyDown(document.body, { key: "k", ctrlKey: true });
    await fireEvent.input(screen.getByTestId("palette-input"), { target: { value: "demo registry" } });
    await fireEvent.keyDown(screen.getByTestId("palette-input"), { key: "Enter" });
    await waitFor(() => expect(names()).toHaveLength(16));
    await fireEvent.click(screen.getByTestId("demo-end"));
    expect(text("end-demo-names")).toBe(
      "demo-release-notes, demo-invoice-triage, demo-research-planner, demo-tmp-experiment",
    );
    expect(text("end-demo")).toContain("their keys");
    await expectAccessible();
    vi.spyOn(host, "demoEnd").mockRejectedValueOnce({
      code: "x",
      sentence: "The keychain is locked.",
      remedy: "Unlock it.",
    });
    await fireEvent.click(screen.getByTestId("end-demo-submit"));
    await waitFor(() => expect(text("dialog-error")).toBe("The keychain is locked. Unlock it."));
    await fireEvent.click(screen.getByTestId("end-demo-submit"));
    await waitFor(() => expect(screen.queryByTestId("end-demo")).toBeNull());
    await waitFor(() => expect(names()).toHaveLength(12));
    expect(screen.queryByTestId("demo-badge")).toBeNull();
  });
});
