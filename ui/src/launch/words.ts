/** A line as its words, and what is wrong with it. */
export interface Parsed {
  words: string[];
  problem: string | null;
}

/** Splits a line into a program and its arguments, as quotes say; nothing in it is expanded, since there is no shell. */
export function parseWords(line: string): Parsed {
  const words: string[] = [];
  let word: string | null = null;
  let quote: string | null = null;
  for (let at = 0; at < line.length; at += 1) {
    const sign = line.charAt(at);
    const next = line.charAt(at + 1);
    if (quote !== null) {
      if (sign === quote) quote = null;
      else if (quote === '"' && sign === "\\" && (next === '"' || next === "\\")) {
        word = `${word ?? ""}${next}`;
        at += 1;
      } else word = `${word ?? ""}${sign}`;
    } else if (sign === '"' || sign === "'") {
      quote = sign;
      word ??= "";
    } else if (/\s/.test(sign)) {
      if (word !== null) words.push(word);
      word = null;
    } else if (sign === "\\" && /[\s"'\\]/.test(next)) {
      word = `${word ?? ""}${next}`;
      at += 1;
    } else word = `${word ?? ""}${sign}`;
  }
  if (word !== null) words.push(word);
  if (quote !== null) return { words, problem: `A quotation mark is not closed: ${quote}` };
  return { words, problem: null };
}

/** Words as a line that gives the same words again. */
export function lineOf(words: readonly string[]): string {
  return words.map(quoted).join(" ");
}

function quoted(word: string): string {
  if (word !== "" && !/[\s"'\\]/.test(word)) return word;
  return `"${word.replace(/["\\]/g, "\\$&")}"`;
}

/** What somebody meant for a shell; nothing where nobody did. */
export function shellHint(words: readonly string[]): string | null {
  const sign = words.find((word) =>
    /^(?:[|<>;&]+|\d?>{1,2}.*|&&|\|\||\$\{?\w+\}?.*|`.*`|\$\(.*)$/.test(word),
  );
  if (sign === undefined) return null;
  return `There is no shell: the program is given ${sign} as it is.`;
}
