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
  topic: string;
  host: string;
  port: number;
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
export const TOLD: NoticeKind[] = ["late", "stale", "offline", "flapping", "reminder", "recovered"];

export function draftOf(entry: ChannelEntry | null): Draft {
  return {
    name: entry?.name ?? "",
    kind: entry?.kind ?? "webhook",
    enabled: entry?.enabled ?? true,
    only: entry?.only ?? TOLD,
    title: entry?.title ?? "",
    body: entry?.body ?? "",
    url: entry?.url ?? "",
    topic: entry?.topic ?? "",
    host: entry?.host ?? "",
    port: entry?.port ?? 587,
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
    only: usual ? null : TOLD.filter((each) => only.includes(each)),
    title: title.trim() || null,
    body: body.trim() || null,
    ...fieldsOf(draft),
  };
}

function fieldsOf(draft: Draft): Partial<ChannelEntry> {
  const url = draft.url.trim();
  switch (draft.kind) {
    case "webhook":
      return { url };
    case "slack":
    case "discord":
      return {};
    case "ntfy":
      return { url: url || "https://ntfy.sh", topic: draft.topic.trim() };
    case "email": {
      const { host, port, tls, from, to, user } = draft;
      const addresses = to.split(/[,\s]+/).filter(Boolean);
      return { host: host.trim(), port, tls, from: from.trim(), to: addresses, ...(user ? { user } : {}) };
    }
    case "command":
      return { program: draft.program.trim(), args: draft.args.split("\n").filter((line) => line !== "") };
  }
}
