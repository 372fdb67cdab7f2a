import { fireEvent, render, screen, waitFor } from "@testing-library/svelte";
import type { Component } from "svelte";
import { afterEach, describe, expect, it, vi } from "vitest";

import Failure from "../setup/Failure.svelte";
import Later, { isAwaited } from "./Later.svelte";
import { type AnyProps, part } from "./part";

const problem = { code: "a", sentence: "It came.", remedy: "" };
const shown = () => screen.queryByTestId("dialog-error")?.textContent?.trim();

type Loaded = { default: Component<AnyProps> };

/** A part that comes when it is told to. */
function awaited() {
  const answers: { come: () => void; fail: () => void }[] = [];
  const made = part(
    () =>
      new Promise<Loaded>((resolve, reject) =>
        answers.push({
          come: () => resolve({ default: Failure as Component<AnyProps> }),
          fail: () => reject(new Error("gone")),
        }),
      ),
  );
  return { made, answers };
}

afterEach(() => void vi.useRealTimers());

describe("a part that comes later", () => {
  it("shows nothing at first, then says that it loads, then is there", async () => {
    vi.useFakeTimers();
    const { made, answers } = awaited();
    render(Later, { props: { part: made, props: { problem } } });
    expect(isAwaited()).toBe(true);
    await vi.advanceTimersByTimeAsync(90);
    expect(screen.queryByRole("status"), "hidden").toBeNull();
    await vi.advanceTimersByTimeAsync(20);
    expect(screen.getByRole("status").textContent).toBe("Loading…");
    answers[0]?.come();
    await vi.advanceTimersByTimeAsync(0);
    expect(shown()).toBe("It came.");
    expect(screen.queryByRole("status")).toBeNull();
    expect(isAwaited()).toBe(false);
  });

  it("is there at once the second time", async () => {
    const { made, answers } = awaited();
    const first = render(Later, { props: { part: made, props: { problem } } });
    answers[0]?.come();
    await waitFor(() => expect(shown()).toBe("It came."));
    first.unmount();
    render(Later, { props: { part: made, props: { problem } } });
    expect(shown()).toBe("It came.");
    expect(answers).toHaveLength(1);
  });

  it("says so when it does not come, and tries again when it is asked to", async () => {
    const { made, answers } = awaited();
    const close = vi.fn();
    render(Later, { props: { part: made, props: { problem }, onclose: close } });
    answers[0]?.fail();
    await waitFor(() => expect(screen.getByRole("alert").textContent).toContain("could not be loaded"));
    expect(isAwaited()).toBe(false);
    await fireEvent.click(screen.getByText("Close"));
    expect(close).toHaveBeenCalledTimes(1);
    await fireEvent.click(screen.getByTestId("part-retry"));
    answers[1]?.come();
    await waitFor(() => expect(shown()).toBe("It came."));
  });
});
