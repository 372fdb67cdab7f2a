import type { DoctorRun } from "./bindings/DoctorRun";
import type { Symptom } from "./bindings/Symptom";
import type { Write } from "./bindings/Write";
import type { WriteDone } from "./bindings/WriteDone";
import type { WritePlan } from "./bindings/WritePlan";

export type { CheckRow } from "./bindings/CheckRow";
export type { Diagnosis } from "./bindings/Diagnosis";
export type { DoctorRun } from "./bindings/DoctorRun";
export type { Layer } from "./bindings/Layer";
export type { Outcome } from "./bindings/Outcome";
export type { Signing } from "./bindings/Signing";
export type { RepairKind } from "./bindings/RepairKind";
export type { Symptom } from "./bindings/Symptom";
export type { Write } from "./bindings/Write";
export type { WriteDone } from "./bindings/WriteDone";
export type { WritePlan } from "./bindings/WritePlan";
export type { WriteStep } from "./bindings/WriteStep";

/** What the doctor is asked to look at. */
export interface DoctorAsked {
  symptom: Symptom | null;
  /** Holds idle sockets for so many seconds. */
  hold: number | null;
  /** Lets our beats rest, and listens whether somebody else beats. */
  listen: boolean;
}

/** What the window asks of the doctor, and of the registry's records. */
export interface DoctorHost {
  /** Begins a run; it replaces one of this agent that is under way. */
  doctorStart(id: string, asked: DoctorAsked): Promise<DoctorRun>;
  /** The agent's latest run, as far as it has come. */
  doctorLook(id: string): Promise<DoctorRun | null>;
  doctorStop(id: string): Promise<void>;
  /**
   * Writes the report of the run that began then into a file that the person chooses; nothing when that was cancelled,
   * or there is no report.
   */
  doctorSave(id: string, startedAt: number, format: ReportFormat, name: string): Promise<string | null>;
  /** What would be sent; nothing is signed. */
  writePropose(id: string, write: Write): Promise<WritePlan>;
  /** Signs and sends what `seal` names, if it still is what would be sent. */
  writeCarryOut(id: string, write: Write, seal: string): Promise<WriteDone>;
}

export type ReportFormat = "markdown" | "json";

/** What is passed on of a run; nothing while it is under way. */
export function reportOf(run: DoctorRun, format: ReportFormat): string | null {
  if (!run.done || run.markdown === null) return null;
  return format === "markdown" ? run.markdown : `${JSON.stringify(run.json, null, 2)}\n`;
}
