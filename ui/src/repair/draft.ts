import { type Problem, toldOf, type Write } from "../host/host";
import type { WriteKind } from "./words";

/** What a person has typed about a write. */
export interface Draft {
  url: string;
  name: string;
  category: string;
  tags: string;
  summary: string;
  developer: string;
  index: number | null;
  /** The agent's name, to confirm what cannot be taken back. */
  typed: string;
}

export const EMPTY: Draft = {
  url: "",
  name: "",
  category: "",
  tags: "",
  summary: "",
  developer: "",
  index: null,
  typed: "",
};

/** What is left out, the engine finds out or asks for. */
export function writeOf(kind: WriteKind, draft: Draft): Write {
  const text = <Key extends string>(key: Key, value: string) =>
    (value.trim() === "" ? {} : { [key]: value.trim() }) as Partial<Record<Key, string>>;
  const developer = text("developer_path", draft.developer);
  const url = text("entity_url", draft.url);
  switch (kind) {
    case "register": {
      const tags = draft.tags
        .split(",")
        .map((tag) => tag.trim())
        .filter((tag) => tag !== "");
      return {
        kind,
        ...url,
        ...text("name", draft.name),
        ...text("category", draft.category),
        ...(tags.length > 0 ? { tags } : {}),
        ...text("summary", draft.summary),
        ...developer,
        ...(draft.index === null ? {} : { index: draft.index }),
      };
    }
    case "update":
      return { kind, entity_url: draft.url.trim() };
    case "next_index":
      return { kind, ...developer, ...url };
    case "deregister":
      return { kind, confirm_name: draft.typed, ...developer };
  }
}

/** Fields at which a refusal is shown; that of another one stands at the end. */
const PLACED = ["entity_url", "name", "category", "summary", "tags", "index"];

export const isPlaced = (problem: Problem | null): boolean =>
  problem?.field !== undefined && PLACED.includes(problem.field);

/** What is wrong with a field, as a sentence. */
export function problemAt(problem: Problem | null, field: string): string | undefined {
  return problem?.field === field ? toldOf(problem) : undefined;
}
