import type { AgentDowntime } from "./bindings/AgentDowntime";
import type { AlertRulesView } from "./bindings/AlertRulesView";
import type { BlackBox } from "./bindings/BlackBox";
import type { ChannelEntry } from "./bindings/ChannelEntry";
import type { ChannelKind } from "./bindings/ChannelKind";
import type { ChannelView } from "./bindings/ChannelView";
import type { DeadLetter } from "./bindings/DeadLetter";
import type { Downtime } from "./bindings/Downtime";
import type { DrillView } from "./bindings/DrillView";
import type { FaultTime } from "./bindings/FaultTime";
import type { IncidentCursor } from "./bindings/IncidentCursor";
import type { IncidentView } from "./bindings/IncidentView";
import type { Level as AlertLevel } from "./bindings/Level";
import type { NoticeKind } from "./bindings/NoticeKind";
import type { Preview as ChannelPreview } from "./bindings/Preview";
import type { QuietEntry } from "./bindings/QuietEntry";
import type { Shares } from "./bindings/Shares";

export type {
  AgentDowntime,
  AlertLevel,
  AlertRulesView,
  BlackBox,
  ChannelEntry,
  ChannelKind,
  ChannelPreview,
  ChannelView,
  DeadLetter,
  Downtime,
  FaultTime,
  QuietEntry,
  Shares,
};

export interface IncidentsAsked {
  /** One agent's, or everybody's. */
  id: string | null;
  open_only: boolean;
  limit: number;
  /** Only those behind this place, which is the `cursor` of one. */
  before: IncidentCursor | null;
}

/** The alerts' part of what the window asks of the program around it. */
export interface AlertsHost {
  /** Newest first. */
  incidents(asked: IncidentsAsked): Promise<IncidentView[]>;
  /** Says that a person knows, as long as is usual where nobody says; 0 takes it back. */
  agentAcknowledge(id: string, minutes?: number): Promise<void>;
  blackBox(id: string, openedAt: number): Promise<BlackBox | null>;
  /** Writes it into a file that the person chooses; nothing when that was cancelled. */
  blackBoxSave(id: string, openedAt: number, name: string): Promise<string | null>;
  downtime(id: string | null, from: number, to: number): Promise<Downtime>;
  /** As `blackBoxSave`. */
  downtimeExport(
    id: string | null,
    from: number,
    to: number,
    format: "csv" | "json",
    name: string,
  ): Promise<string | null>;
  channels(): Promise<ChannelView[]>;
  /** Without a secret the old one stays, an empty one removes it; `replace` is the name it had. */
  channelSave(channel: ChannelEntry, secret: string | null, replace: string | null): Promise<void>;
  channelRemove(name: string): Promise<void>;
  /** Waits for what becomes of it. */
  channelTest(name: string): Promise<{ ms: number }>;
  channelPreview(channel: ChannelEntry, kind: NoticeKind): Promise<ChannelPreview>;
  deadLetters(limit: number): Promise<DeadLetter[]>;
  deliveryRetry(notice: number, channel: string): Promise<void>;
  alertRules(): Promise<AlertRulesView>;
  alertRulesSet(rules: AlertRulesView): Promise<void>;
  /** Lets an agent fall silent and measures what becomes of that. */
  drillStart(id: string): Promise<void>;
  /** Newest first; one that runs has no end. */
  drills(limit: number): Promise<DrillView[]>;
  drillStop(): Promise<void>;
}
