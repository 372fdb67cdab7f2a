import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";

import { expectAccessible, openWindow } from "../app.test-help";

async function openExport() {
  const host = await openWindow();
  await fireEvent.click(screen.getByTestId("add-agent"));
  await fireEvent.click(screen.getByTestId("add-cancel"));
  const id = [...host.rows.keys()][0] ?? "";
  host.openAgents(id);
  await fireEvent.click(await screen.findByTestId("more"));
  await fireEvent.click(screen.getByTestId("export-history"));
  await screen.findByTestId("export-dialog");
  return { host, id };
}

it("exports what was chosen, and says where it is", async () => {
  const { host, id } = await openExport();
  const asked = vi.spyOn(host, "agentExport");
  await expectAccessible();
  await fireEvent.change(screen.getByTestId("export-range"), { target: { value: "720" } });
  await fireEvent.change(screen.getByTestId("export-format"), { target: { value: "json" } });
  await fireEvent.click(screen.getByTestId("export-save"));
  await waitFor(() => expect(screen.getByTestId("export-saved").textContent).toContain("-720h.json"));
  expect(asked).toHaveBeenCalledWith(
    id,
    720,
    "json",
    expect.stringMatching(/^[\p{L}\p{N}._-]+-720h\.json$/u),
  );
});

it("says nothing when the person changed their mind, and why when it failed", async () => {
  const { host } = await openExport();
  host.agentExport = () => Promise.resolve(null);
  await fireEvent.click(screen.getByTestId("export-save"));
  await waitFor(() => expect(screen.getByTestId("export-save").getAttribute("aria-disabled")).toBe("false"));
  expect(screen.queryByTestId("export-saved")).toBeNull();
  host.agentExport = () =>
    Promise.reject({
      code: "export.unwritable",
      sentence: "/x cannot be written.",
      remedy: "Choose another folder.",
    });
  await fireEvent.click(screen.getByTestId("export-save"));
  expect((await screen.findByTestId("export-error")).textContent).toContain("Choose another folder.");
});

it("keeps the keyboard on what was pressed while it is saved, and saves once", async () => {
  const { host } = await openExport();
  let arrive = (): void => undefined;
  const saved = new Promise<string>((resolve) => (arrive = () => resolve("/x.csv")));
  const asked = vi.spyOn(host, "agentExport").mockReturnValue(saved);
  const button = screen.getByTestId<HTMLButtonElement>("export-save");
  button.focus();
  await fireEvent.click(button);
  await waitFor(() => expect(button.getAttribute("aria-disabled")).toBe("true"));
  expect([button.disabled, document.activeElement]).toEqual([false, button]);
  await fireEvent.click(button);
  arrive();
  await screen.findByTestId("export-saved");
  expect(asked).toHaveBeenCalledTimes(1);
  // What was saved is said as long as it is what is chosen.
  await fireEvent.change(screen.getByTestId("export-format"), { target: { value: "json" } });
  expect(screen.queryByTestId("export-saved")).toBeNull();
});
