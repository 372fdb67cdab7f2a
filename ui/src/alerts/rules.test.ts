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
    expect(save().getAttribute("aria-disabled")).toBe("true");
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
    expect(save().getAttribute("aria-disabled")).toBe("true");
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
        "These rules cannot hold: quiet hours from 22:00 to 22:00 are empty; leave them out, or set another end. " +
          "Correct them and try again.",
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

  it("show a refusal beside the field that the engine names, whatever its words are", async () => {
    const host = await openRules();
    const set = vi.spyOn(host, "alertRulesSet");
    const input = (testid: string) => screen.getByTestId(testid);
    await fireEvent.click(screen.getByTestId("rules-remind"));
    await type("rules-remind-min", 2);
    await fireEvent.click(save());
    await waitFor(() => expect(said("rules-remind-min-problem")).toContain("0 switches reminders off"));
    expect(input("rules-remind-min").getAttribute("aria-invalid")).toBe("true");
    expect(screen.queryByTestId("rules-error")).toBeNull();
    await type("rules-remind-min", 20);
    expect(input("rules-remind-min").getAttribute("aria-invalid")).toBe("false");
    const refuse = (field: string | undefined, sentence: string) =>
      set.mockRejectedValueOnce({ code: "alerts.bad_rules", sentence, remedy: "", ...(field && { field }) });
    refuse("grace_s", "The quiet network cannot be reminded.");
    await fireEvent.click(save());
    await waitFor(() => expect(said("rules-grace-problem")).toBe("The quiet network cannot be reminded."));
    expect(screen.queryByTestId("rules-error")).toBeNull();
    expect(screen.queryByTestId("rules-error-quiet")).toBeNull();
    // It was said of what was sent; whoever sends it again asks again.
    refuse("network_check", "No.");
    await fireEvent.click(save());
    await waitFor(() => expect(said("rules-error-network")).toBe("No."));
    expect(screen.queryByTestId("rules-grace-problem")).toBeNull();
    refuse(undefined, "Something about quiet hours.");
    await fireEvent.click(save());
    await waitFor(() => expect(said("rules-error")).toBe("Something about quiet hours."));
  });

  it("are not sent while a number is none", async () => {
    const host = await openRules();
    const set = vi.spyOn(host, "alertRulesSet");
    await fireEvent.click(screen.getByTestId("rules-remind"));
    for (const field of ["rules-grace", "rules-good", "rules-remind-min", "rules-changes", "rules-within"]) {
      const before = value(field);
      for (const wrong of ["", "-1", "1.5", "1e3", "x", "99999999999"]) {
        await type(field, wrong);
        await fireEvent.click(save());
        await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId(field)));
        expect(value(field), "what was typed stays").toBe(wrong);
        expect(said(`${field}-problem`)).toMatch(/^Give a whole number from [01] on\.$/);
        (document.activeElement as HTMLElement).blur();
      }
      await type(field, before);
    }
    expect(set).not.toHaveBeenCalled();
    await type("rules-grace", "");
    await expectAccessible();
    await fireEvent.click(screen.getByTestId("rules-undo"));
    await waitFor(() => expect(value("rules-grace")).toBe("0"));
    expect(screen.queryByTestId("rules-grace-problem")).toBeNull();
    expect(save().getAttribute("aria-disabled")).toBe("true");
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
    expect(save().getAttribute("aria-disabled")).toBe("false");
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
    screen.getByText("Retry").focus();
    await fireEvent.click(screen.getByText("Retry"));
    await waitFor(() => expect(value("rules-level")).toBe("stale"));
    await waitFor(() => expect(document.activeElement).toBe(screen.getByTestId("rules-level")));
  });

  it("keep the keyboard on the button while they are saved, and are saved once", async () => {
    const host = await openRules();
    let go = (): void => undefined;
    const set = vi.spyOn(host, "alertRulesSet");
    set.mockImplementation(() => new Promise<void>((resolve) => (go = resolve)));
    await type("rules-grace", 30);
    save().focus();
    await fireEvent.click(save());
    await waitFor(() => expect(save().textContent).toBe("Saving…"));
    await fireEvent.submit(screen.getByTestId("rules"));
    expect([save().disabled, save().getAttribute("aria-disabled")]).toEqual([false, "true"]);
    go();
    await waitFor(() => expect(screen.getByText("Saved, and in force.")).toBeTruthy());
    expect([save().disabled, save().getAttribute("aria-disabled"), document.activeElement]).toEqual([
      false,
      "true",
      save(),
    ]);
    await fireEvent.click(save());
    expect(set, "nothing is new").toHaveBeenCalledTimes(1);
    await type("rules-grace", 40);
    screen.getByTestId("rules-undo").focus();
    await fireEvent.click(screen.getByTestId("rules-undo"));
    await waitFor(() => expect(document.activeElement).toBe(save()));
  });
});
