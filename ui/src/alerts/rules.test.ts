import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { describe, expect, it, vi } from "vitest";

import { expectAccessible } from "../app.test-help";
import { alertsHost, openAlerts, said, type } from "./alerts.test-help";

const save = () => screen.getByTestId<HTMLButtonElement>("rules-save");
const value = (testid: string) => screen.getByTestId<HTMLInputElement>(testid).value;

async function openRules(host = alertsHost(4)) {
  await openAlerts("rules", host);
  await waitFor(() => expect(screen.getByTestId("rules")).toBeTruthy());
  return host;
}

describe("the rules", () => {
  it("are shown as they are and saved as a whole", async () => {
    const host = await openRules();
    expect(value("rules-level")).toBe("stale");
    expect(value("rules-good")).toBe("2");
    expect(save().disabled).toBe(true);
    await fireEvent.change(screen.getByTestId("rules-level"), { target: { value: "offline" } });
    await type("rules-grace", 60);
    await fireEvent.click(screen.getByTestId("rules-remind"));
    await type("rules-remind-min", 15);
    await type("rules-changes", 4);
    await type("rules-network-check", "");
    await expectAccessible();
    await fireEvent.click(save());
    await waitFor(() => expect(screen.getByText("Saved, and in force.")).toBeTruthy());
    expect(host.rules).toEqual({
      level: "offline",
      grace_s: 60,
      good_beats: 2,
      remind_min: 15,
      flapping: { changes: 4, within_min: 10 },
      urgent: false,
      desktop: true,
      network_check: "",
      quiet: [],
    });
    expect(save().disabled).toBe(true);
  });

  it("have quiet hours with days and a zone", async () => {
    const host = await openRules();
    await fireEvent.click(screen.getByTestId("quiet-add"));
    await type("quiet-from", "23:30");
    await fireEvent.click(screen.getByTestId("quiet-sat"));
    await fireEvent.click(screen.getByTestId("quiet-sun"));
    await type("quiet-zone", "Europe/Berlin");
    await expectAccessible();
    await fireEvent.click(save());
    await waitFor(() =>
      expect(host.rules.quiet).toEqual([
        { from: "23:30", to: "07:00", days: ["mon", "tue", "wed", "thu", "fri"], zone: "Europe/Berlin" },
      ]),
    );
    await fireEvent.click(screen.getByTestId("quiet-sat"));
    await fireEvent.click(screen.getByTestId("quiet-sun"));
    await type("quiet-zone", "");
    await fireEvent.click(save());
    await waitFor(() =>
      expect(host.rules.quiet).toEqual([{ from: "23:30", to: "07:00", days: null, zone: null }]),
    );
    await fireEvent.click(screen.getByTestId("quiet-remove"));
    await fireEvent.click(save());
    await waitFor(() => expect(host.rules.quiet).toEqual([]));
  });

  it("are refused in the engine's words, where they are about", async () => {
    const host = await openRules();
    await fireEvent.click(screen.getByTestId("quiet-add"));
    await type("quiet-to", "22:00");
    await fireEvent.click(save());
    await waitFor(() =>
      expect(said("rules-error-quiet")).toBe(
        "quiet hours from 22:00 to 22:00 are empty; leave them out, or set another end",
      ),
    );
    expect(value("quiet-to"), "what was typed stays").toBe("22:00");
    expect(host.rules.quiet).toEqual([]);
    vi.spyOn(host, "alertRulesSet").mockRejectedValueOnce({
      code: "config.unwritable",
      sentence: "The file cannot be written.",
      remedy: "",
    });
    await fireEvent.click(save());
    await waitFor(() => expect(said("rules-error")).toBe("The file cannot be written."));
  });

  it("are not lost to a look elsewhere, nor with a window that is let go", async () => {
    const host = await openRules();
    expect(host.release()).toBe(true);
    await type("rules-grace", 30);
    await fireEvent.keyDown(screen.getByTestId("rules-grace"), { key: "Escape" });
    expect(screen.queryByTestId("alerts-page")).toBeNull();
    expect(host.release()).toBe(false);
    await fireEvent.click(screen.getByTestId("alerts"));
    await fireEvent.click(screen.getByTestId("alerts-tab-rules"));
    await waitFor(() => expect(value("rules-grace")).toBe("30"));
    expect(save().disabled).toBe(false);
    await fireEvent.click(screen.getByTestId("rules-undo"));
    await waitFor(() => expect(value("rules-grace")).toBe("0"));
    expect(host.release()).toBe(true);
  });

  it("are read again when they could not be", async () => {
    const host = alertsHost();
    const read = vi.spyOn(host, "alertRules");
    read.mockRejectedValueOnce({ code: "x", sentence: "No answer.", remedy: "Wait." });
    await openAlerts("rules", host);
    await waitFor(() => expect(said("rules-error")).toBe("No answer. Wait."));
    await fireEvent.click(screen.getByText("Retry"));
    await waitFor(() => expect(value("rules-level")).toBe("stale"));
  });
});
