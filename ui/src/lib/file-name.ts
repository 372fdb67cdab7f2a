/** A name as a part of a file's name that every file system takes. */
export function fileWord(name: string): string {
  return name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60) || "agent";
}
