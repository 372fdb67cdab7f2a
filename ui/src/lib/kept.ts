/**
 * What the window remembers across restarts: choices of how it looks, and nothing else. Each is kept under its name with
 * the version of its form, and goes through a check when it is read, since what is stored may be of another version,
 * cut short, or edited by hand. Whatever does not pass is as good as not there.
 */
export interface Kept<T> {
  read(): T | null;
  write(value: T): void;
  forget(): void;
}

export function kept<T>(name: string, version: number, check: (value: unknown) => T | null): Kept<T> {
  const key = `beatkeeper.${name}`;
  return {
    read: () => {
      try {
        const stored: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
        if (!isRecord(stored) || stored.version !== version) return null;
        return check(stored.value);
      } catch {
        return null;
      }
    },
    // A store that is full or forbidden costs the memory of the choice, not the choice.
    write: (value) => quietly(() => localStorage.setItem(key, JSON.stringify({ version, value }))),
    forget: () => quietly(() => localStorage.removeItem(key)),
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // Nothing to do about it, and nothing to tell.
  }
}
