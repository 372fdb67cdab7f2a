import type { NoticeKind } from "../host/bindings/NoticeKind";
import type { ChannelEntry, ChannelKind } from "../host/host";

/** A channel as it is typed. */
export interface Draft {
  name: string;
  kind: ChannelKind;
  enabled: boolean;
  /** Kinds of notices that it takes. */
  only: NoticeKind[];
  title: string;
  body: string;
  url: string;
  plain: boolean;
  topic: string;
  host: string;
  /** The usual one when nothing is typed; NaN when what is typed is none. */
  port: number | null;
  tls: NonNullable<ChannelEntry["tls"]>;
  from: string;
  to: string;
  user: string;
  program: string;
  /** One a line. */
  args: string;
}

/** What kinds there are, how they are called, and what is secret of them. */
export const CHANNEL_KINDS: Record<ChannelKind, { word: string; about: string; secret: string | null }> = {
  webhook: {
    word: "Webhook",
    about: "The notice as JSON, by POST.",
    secret: "Key to sign with (HMAC), optional",
  },
  slack: { word: "Slack", about: "An incoming webhook of a Slack channel.", secret: "Webhook URL" },
  discord: { word: "Discord", about: "A webhook of a Discord channel.", secret: "Webhook URL" },
  ntfy: { word: "ntfy", about: "A topic of an ntfy server, for phones.", secret: "Access token, optional" },
  email: { word: "Email", about: "Through your own mail server.", secret: "Password, optional" },
  command: {
    word: "Command",
    about: "A program of this computer, without a shell; the notice is JSON on its standard input.",
    secret: null,
  },
};

/** What a channel can be sent; a test always arrives. */
export const TOLD: NoticeKind[] = [
  "late",
  "stale",
  "offline",
  "flapping",
  "gave_up",
  "reminder",
  "recovered",
];

export function draftOf(entry: ChannelEntry | null): Draft {
  return {
    name: entry?.name ?? "",
    kind: entry?.kind ?? "webhook",
    enabled: entry?.enabled ?? true,
    only: entry?.only ?? TOLD,
    title: entry?.title ?? "",
    body: entry?.body ?? "",
    url: entry?.url ?? "",
    plain: entry?.allow_plain ?? false,
    topic: entry?.topic ?? "",
    host: entry?.host ?? "",
    port: entry?.port ?? null,
    tls: entry?.tls ?? "starttls",
    from: entry?.from ?? "",
    to: (entry?.to ?? []).join(", "),
    user: entry?.user ?? "",
    program: entry?.program ?? "",
    args: (entry?.args ?? []).join("\n"),
  };
}

/** With the fields of its kind, and no others. */
export function entryOf(draft: Draft): ChannelEntry {
  const { name, kind, enabled, only, title, body } = draft;
  const usual = TOLD.every((each) => only.includes(each));
  return {
    name: name.trim(),
    kind,
    enabled,
    ...(usual ? {} : { only: TOLD.filter((each) => only.includes(each)) }),
    ...(title.trim() ? { title } : {}),
    ...(body.trim() ? { body } : {}),
    ...fieldsOf(draft),
  };
}

/** The usual port of each encryption. */
export const PORTS: Record<Draft["tls"], number> = { starttls: 587, tls: 465, none: 25 };

function fieldsOf(draft: Draft): Partial<ChannelEntry> {
  const plain = draft.plain ? { allow_plain: true } : {};
  switch (draft.kind) {
    case "webhook":
      return { ...addressOf(draft.url), ...plain };
    case "slack":
    case "discord":
      return plain;
    case "ntfy":
      return { ...addressOf(draft.url || "https://ntfy.sh"), topic: draft.topic.trim(), ...plain };
    case "email": {
      const { host, port, tls, from, to, user } = draft;
      const addresses = to.split(",").flatMap((each) => each.trim() || []);
      return {
        host: host.trim(),
        ...(port ? { port } : {}),
        tls,
        from: from.trim(),
        to: addresses,
        ...(user.trim() ? { user: user.trim() } : {}),
      };
    }
    case "command":
      return { program: draft.program.trim(), args: draft.args.split("\n").filter((line) => line !== "") };
  }
}

/** What is no address yet is left out, so that the engine can say in a sentence that it needs one. */
function addressOf(typed: string): { url?: string } {
  return URL.canParse(typed.trim()) ? { url: typed.trim() } : {};
}
