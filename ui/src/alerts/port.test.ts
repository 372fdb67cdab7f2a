import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { expect, it, vi } from "vitest";

import { alertsHost, openAlerts, said, type } from "./alerts.test-help";

it("a mail server's port is sent when it is one, and left out when nothing is typed", async () => {
  const host = await openAlerts("channels", alertsHost(1));
  const save = vi.spyOn(host, "channelSave");
  await fireEvent.click(screen.getByTestId("channel-add"));
  await waitFor(() => expect(screen.getByTestId("channel-dialog")).toBeTruthy());
  await fireEvent.change(screen.getByTestId("channel-kind"), { target: { value: "email" } });
  await type("channel-name", "mail");
  await type("channel-host", "mail.example");
  await type("channel-from", "a@mail.example");
  await type("channel-to", "b@mail.example");
  for (const wrong of ["0", "-25", "2.5", "65536", "smtp"]) {
    await type("channel-port", wrong);
    await fireEvent.click(screen.getByTestId("channel-save"));
    expect(said("channel-port-problem")).toBe("Give a whole number from 1 to 65,535, or nothing.");
    expect(document.activeElement).toBe(screen.getByTestId("channel-port"));
  }
  expect(save).not.toHaveBeenCalled();
  await type("channel-port", "");
  await fireEvent.click(screen.getByTestId("channel-save"));
  await waitFor(() => expect(save).toHaveBeenCalledTimes(1));
  expect(save.mock.calls[0]?.[0]).not.toHaveProperty("port");
  await waitFor(() => expect(screen.queryByTestId("channel-dialog")).toBeNull());
});
