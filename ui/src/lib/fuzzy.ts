/**
 * How well a text fits what was typed: the higher the better, nothing when it does not. Every word has to be found: in
 * one piece, best at the start of a word of the text, or else letter by letter in its order.
 */
export function fits(typed: string, text: string): number | null {
  const hay = text.toLowerCase();
  let sum = 0;
  for (const word of typed.toLowerCase().split(/\s+/).filter(Boolean)) {
    const score = scoreOf(word, hay);
    if (score === null) return null;
    sum += score;
  }
  // Of two that fit alike, the shorter is nearer to what was typed.
  return sum - hay.length / 1000;
}

function scoreOf(word: string, hay: string): number | null {
  const whole = hay.indexOf(word);
  if (whole >= 0) {
    const start = [...starts(hay)].some((at) => hay.startsWith(word, at));
    return word.length * (whole === 0 ? 6 : start ? 5 : 4);
  }
  return scattered(word, hay);
}

/** Where words begin: `weather-agent` has two. */
function* starts(hay: string): Generator<number> {
  for (const { index } of hay.matchAll(/(?<![\p{L}\p{N}])[\p{L}\p{N}]/gu)) yield index;
}

function scattered(word: string, hay: string): number | null {
  // Most texts fail here, so this comes before anything that costs more.
  let from = 0;
  for (const letter of word) {
    const next = hay.indexOf(letter, from);
    if (next < 0) return null;
    from = next + letter.length;
  }
  return initials(word, hay) ?? word.length / 2;
}

/** A letter that begins a word, or goes on from the last one, was probably meant. */
function initials(word: string, hay: string): number | null {
  const begins = [...starts(hay)];
  let score = 0;
  let from = 0;
  for (const letter of word) {
    const begin = begins.find((at) => at >= from && hay.startsWith(letter, at));
    const at = hay.startsWith(letter, from) ? from : (begin ?? hay.indexOf(letter, from));
    if (at < 0) return null;
    score += begins.includes(at) ? 3 : at === from ? 2 : 0.5;
    from = at + letter.length;
  }
  return score;
}
