import { fireEvent, screen, waitFor } from "@testing-library/svelte";
import { afterEach, describe, expect, it, vi } from "vitest";

import { expectAccessible, openWindow, rowOf } from "../app.test-help";
import { FixtureHost } from "../host/fixture";
import type { KeyFace } from "../host/host";
import { demoRows, healthyRow } from "../host/fixture/rows";

/** The fingerprint is the end of an agent's id. */
const DIGITS = "56475aa75463474c0285df5dbf2bcab7";
const FACE: KeyFace = {
  presence: "present",
  place: "the keychain (Secret Service), as beatkeeper / zns:56475aa75463474c0285df5dbf2bcab7",
  fingerprint: DIGITS,
  public_key: "ed25519:AAEC",
  reason: null,
  derived: { developer: "zns:dev:56475aa75463474c", index: 3 },
};

const text = (testid: string) => screen.getByTestId(testid).textContent?.replace(/\s+/g, " ").trim();

async function openKey(answer: () => Promise<KeyFace>) {
  const rows = demoRows(Date.now()).filter(({ name }) => name !== "code-reviewer");
  const host = new FixtureHost([
    ...rows,
    { ...healthyRow(5, "code-reviewer", Date.now(), 0), id: `zns:${DIGITS}` },
  ]);
  host.agentKey = answer;
  await openWindow(host);
  await fireEvent.click(rowOf("code-reviewer"));
  await fireEvent.click(screen.getByTestId("tab-key"));
  return host;
}

afterEach(() => vi.unstubAllGlobals());

describe("the key of an agent", () => {
  it("is shown by its fingerprint in groups, its place, its public half and where it came from", async () => {
    await openKey(() => Promise.resolve(FACE));
    await waitFor(() => expect(text("key-presence")).toBe("The key is there."));
    expect(text("key-fingerprint")).toBe("5647 5aa7 5463 474c 0285 df5d bf2b cab7");
    expect(text("key-place")).toBe(FACE.place);
    expect(text("key-derived")).toBe("agent 3 of zns:dev:56475aa75463474c");
    expect(text("key")).toContain("ed25519:AAEC");
    expect(screen.queryByTestId("key-again")).toBeNull();
    await expectAccessible();
  });

  it("is copied without the groups, and a refusal is said", async () => {
    const writeText = vi.fn().mockResolvedValue(undefined);
    vi.stubGlobal("navigator", { ...navigator, platform: "Linux", clipboard: { writeText } });
    await openKey(() => Promise.resolve(FACE));
    const copy = await screen.findByRole("button", { name: "Copy the fingerprint" });
    await fireEvent.click(copy);
    expect(writeText).toHaveBeenCalledWith(FACE.fingerprint);
    await waitFor(() => expect(copy.parentElement?.textContent).toContain("Copied"));
    writeText.mockRejectedValue(new Error("no"));
    await fireEvent.click(copy);
    await waitFor(() => expect(copy.parentElement?.textContent).toContain("select it"));
  });

  it.each([
    ["absent", "There is no key for this agent.", "from its key file"],
    ["locked", "locked", "Unlock it and look again."],
    ["unavailable", "does not answer", "Start it and look again"],
  ] as const)("may be %s, with what to do", async (presence, sentence, remedy) => {
    let face: KeyFace = {
      ...FACE,
      presence,
      reason: "It says why.",
      fingerprint: null,
      public_key: null,
      derived: null,
    };
    await openKey(() => Promise.resolve(face));
    await waitFor(() => expect(text("key-presence")).toContain(sentence));
    expect(text("key-presence")).toContain("It says why.");
    expect(text("key-presence")).toContain(remedy);
    expect(screen.queryByTestId("key-fingerprint")).toBeNull();
    await expectAccessible();
    face = FACE;
    await fireEvent.click(screen.getByTestId("key-again"));
    await waitFor(() => expect(text("key-presence")).toBe("The key is there."));
  });

  it("may be another one that lies in its place", async () => {
    await openKey(() =>
      Promise.resolve({ ...FACE, fingerprint: DIGITS.replace("5", "6"), public_key: null }),
    );
    await waitFor(() => expect(text("key-presence")).toContain("Another key is in its place."));
    expect(text("key-fingerprint")).toMatch(/^6647 /);
    expect(screen.getByTestId("key-again")).toBeTruthy();
  });

  it("says when it could not be asked for", async () => {
    await openKey(() => Promise.reject({ code: "x", sentence: "It did not.", remedy: "Try again." }));
    await waitFor(() => expect(text("key")).toContain("It did not. Try again."));
  });

  it("is another one on another agent's page", async () => {
    const host = await openKey((id?: string) => Promise.resolve({ ...FACE, place: `of ${id}` }));
    await waitFor(() => expect(text("key-place")).toBe(`of ${rowOf("code-reviewer").dataset.id}`));
    await fireEvent.click(rowOf("mail-sorter"));
    await waitFor(() => expect(text("key-place")).toBe(`of ${rowOf("mail-sorter").dataset.id}`));
    expect(host.rows.size).toBe(12);
  });
});
