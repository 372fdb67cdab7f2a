import type { Delivery } from "./bindings/Delivery";
import type { DrillView } from "./bindings/DrillView";
import type { Fault } from "./bindings/Fault";
import type { IncidentView } from "./bindings/IncidentView";
import type { Notice } from "./bindings/Notice";
import type { NoticeKind } from "./bindings/NoticeKind";

export interface IncidentsAsked {
  /** One agent's, or everybody's. */
  id: string | null;
  open_only: boolean;
  limit: number;
  /** Only those that were opened before this. */
  before: number | null;
}

/** What was frozen when an incident was opened, without secrets. */
export interface BlackBox {
  markdown: string;
  json: unknown;
}

/** Milliseconds that were missed because of somebody. */
export interface FaultTime {
  fault: Fault;
  ms: number;
}

/** How a stretch of time went. */
export interface Shares {
  up_ms: number;
  /** Without what is excused. */
  down_ms: number;
  /** With what is excused. */
  by_fault: FaultTime[];
}

export interface AgentDowntime extends Shares {
  id: string;
  name: string;
}

export interface Downtime {
  from: number;
  to: number;
  agents: AgentDowntime[];
  total: Shares;
}

export type ChannelKind = "webhook" | "slack" | "discord" | "ntfy" | "email" | "command";

/** A channel as the file has it; secrets are in the keychain. */
export interface ChannelEntry {
  name: string;
  kind: ChannelKind;
  enabled: boolean;
  /** All kinds of notices when there are none. */
  only: NoticeKind[] | null;
  /** Templates; the usual ones when missing. */
  title?: string;
  body?: string;
  /** Of a webhook, and of an ntfy server. */
  url?: string;
  /** Whether `http://` to another computer is allowed. */
  allow_plain?: boolean;
  topic?: string;
  host?: string;
  /** The usual one of its encryption when missing. */
  port?: number | null;
  tls?: "starttls" | "tls" | "none";
  from?: string;
  to?: string[];
  user?: string;
  program?: string;
  args?: string[];
}

/** A channel and how it does. The first one is always the desktop. */
export interface ChannelView {
  name: string;
  kind: ChannelKind | "desktop";
  enabled: boolean;
  /** Where to, without what is secret in it. */
  target: string;
  only: NoticeKind[] | null;
  title: string;
  body: string;
  has_secret: boolean;
  /** Why the last try failed. */
  problem: string | null;
  last_delivered_at: number | null;
  /** Notices on their way. */
  waiting: number;
  /** Notices that are not tried any more. */
  dead: number;
  /** As the file has it; nothing for the desktop. */
  entry: ChannelEntry | null;
}

/** What a channel would be sent. */
export interface ChannelPreview {
  title: string;
  body: string;
  payload: string;
}

export interface DeadLetter {
  delivery: Delivery;
  notice: Notice;
}

export type AlertLevel = "late" | "stale" | "offline" | "never";

export interface QuietEntry {
  from: string;
  to: string;
  /** `mon` to `sun`; all when missing. */
  days: string[] | null;
  /** This computer's when missing. */
  zone: string | null;
}

/** What holds for every agent that has no rules of its own. */
export interface AlertRulesView {
  level: AlertLevel;
  grace_s: number;
  good_beats: number;
  /** 0 is off. */
  remind_min: number;
  flapping: { changes: number; within_min: number };
  urgent: boolean;
  desktop: boolean;
  /** Empty is off. */
  network_check: string;
  quiet: QuietEntry[];
}

/** The alerts' part of what the window asks of the program around it. */
export interface AlertsHost {
  /** Newest first. */
  incidents(asked: IncidentsAsked): Promise<IncidentView[]>;
  /** Says that a person knows; 0 takes it back. */
  agentAcknowledge(id: string, minutes: number): Promise<void>;
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
