import { describe, expect, it } from "vitest";

import { busWords, connectionWords, taskWords, teamWords, whereWords } from "./field";
import { busRow, healthyRow } from "../host/fixture/rows";

const NOW = 1_795_352_831_000;

describe("what an agent's field has to tell", () => {
  it("is nothing at a registry that only has records", () => {
    const row = healthyRow(1, "weather", NOW, 1_000);
    expect([connectionWords(row, NOW), busWords(row), whereWords(row), taskWords(row)]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it("is when a beat was acknowledged last, or that none ever was", () => {
    const row = healthyRow(1, "weather", NOW, 1_000);
    row.connection = {
      healthy: true,
      connected: true,
      last_heartbeat_ack: NOW - 12_000,
      reconnect_attempts: 0,
    };
    expect(connectionWords(row, NOW)).toEqual(["healthy", "acknowledged 12 s ago"]);
    row.connection = { healthy: false, connected: true, last_heartbeat_ack: null, reconnect_attempts: 3 };
    expect(connectionWords(row, NOW)).toEqual([
      "not healthy",
      "no heartbeat was ever acknowledged",
      "3 attempts to reconnect",
    ]);
  });

  it("is what the bus knows of it", () => {
    const row = busRow(2, "worker-1", NOW, 4_000);
    expect(busWords(row)).toEqual(["healthy", "says busy", "no. 42", "CPU 12 %", "310 MB", "51 waiting"]);
    expect(whereWords(row)).toEqual([
      "build-server",
      "pid 4711",
      "summariser",
      "seen on the bus, not configured here",
    ]);
    expect(taskWords(row)).toBe("weekly report, 25 %");
  });

  it("is which computer of a team beats for it", () => {
    const row = healthyRow(1, "weather", NOW, 1_000);
    expect(teamWords(row, NOW)).toBeNull();
    row.holder = { computer: "desk", here: true, fence: 4, since: NOW };
    expect(teamWords(row, NOW)?.[0]).toBe("this computer (desk) beats for it");
    row.holder = { computer: "", here: false, fence: 5, since: NOW };
    expect(teamWords(row, NOW)?.[0]).toBe("another computer beats for it");
  });

  it("says what was lost on the way, and how often it began anew", () => {
    const row = busRow(2, "worker-1", NOW, 100_000);
    if (row.bus)
      Object.assign(row.bus, { state: "failed", missed: 3, lost: 2, restarts: 1, status: "healthy" });
    expect(busWords(row)?.slice(0, 6)).toEqual([
      "failed",
      "3 missed",
      "says healthy",
      "no. 42",
      "2 never heard",
      "restarted 1 ×",
    ]);
  });
});
