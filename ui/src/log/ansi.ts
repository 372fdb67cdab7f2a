/** How a stretch of text is to look. Colours are `0` to `15` of the theme, or `#rrggbb`. */
export interface Style {
  color: number | string | null;
  ground: number | string | null;
  bold: boolean;
  dim: boolean;
  italic: boolean;
  underline: boolean;
  strike: boolean;
  inverse: boolean;
}

export interface Span {
  text: string;
  /** Nothing where it is as usual. */
  style: Style | null;
}

const PLAIN: Style = {
  color: null,
  ground: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
};

/* eslint-disable no-control-regex -- control characters are what is looked for */
/** Colours, other sequences, and characters that would do something rather than be seen. */
const ESCAPES =
  /\u001b\[([\d;:]*)m|\u001b\[[\d;:<=>?]*[ -/]*[@-~]|\u001b[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/g;
const ANY = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f]/;
/* eslint-enable no-control-regex */

/** The text in stretches that look the same. Sequences that are no colours go; what is left of controls can be seen. */
export function spansOf(text: string): Span[] {
  if (!ANY.test(text)) return [{ text, style: null }];
  const spans: Span[] = [];
  let style = PLAIN;
  let from = 0;
  const add = (piece: string) => {
    if (piece === "") return;
    const last = spans.at(-1);
    const shown = style === PLAIN ? null : style;
    if (last?.style === shown) last.text += piece;
    else spans.push({ text: piece, style: shown });
  };
  for (const match of text.matchAll(ESCAPES)) {
    add(text.slice(from, match.index));
    from = match.index + match[0].length;
    if (match[1] !== undefined) style = styled(style, match[1]);
    else if (!match[0].startsWith("\u001b")) add(pictureOf(match[0]));
  }
  add(text.slice(from));
  return spans;
}

/** What is read of a line. */
export function plainOf(text: string): string {
  if (!ANY.test(text)) return text;
  return text.replace(ESCAPES, (found) => (found.startsWith("\u001b") ? "" : pictureOf(found)));
}

/** A sign for a control character: `␍`. */
function pictureOf(control: string): string {
  const code = control.charCodeAt(0);
  return code === 0x7f ? "␡" : code < 0x20 ? String.fromCharCode(0x2400 + code) : "�";
}

/** After one sequence: `1;31`, `38;5;208`, `38:2::255:140:0`. */
function styled(before: Style, parameters: string): Style {
  let style = before;
  const codes = parameters.split(";");
  for (let at = 0; at < codes.length; at += 1) {
    const parts = (codes[at] ?? "").split(":");
    const code = Number(parts[0] || 0);
    if (code === 38 || code === 48) {
      // With colons all is in one parameter, with semicolons it is spread over those that follow.
      const rest = parts.length > 1 ? parts.slice(1) : codes.slice(at + 1);
      const [color, used] = colorOf(rest, parts.length > 1);
      if (parts.length === 1) at += used;
      if (color !== null) style = { ...style, [code === 38 ? "color" : "ground"]: color };
    } else style = change(style, code);
  }
  return isPlain(style) ? PLAIN : style;
}

function change(style: Style, code: number): Style {
  if (code >= 30 && code <= 37) return { ...style, color: code - 30 };
  if (code >= 40 && code <= 47) return { ...style, ground: code - 40 };
  if (code >= 90 && code <= 97) return { ...style, color: code - 82 };
  if (code >= 100 && code <= 107) return { ...style, ground: code - 92 };
  const changed = CHANGES[code];
  return changed ? { ...style, ...changed } : style;
}

const CHANGES: Record<number, Partial<Style>> = {
  0: PLAIN,
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { color: null },
  49: { ground: null },
};

/** A colour of the 256, or of all of them, and how many parameters it took. */
function colorOf(parts: string[], colons: boolean): [color: number | string | null, used: number] {
  const numbers = parts.map((part) => Number(part || 0));
  const within = (value: number | undefined): value is number =>
    value !== undefined && Number.isInteger(value) && value >= 0 && value <= 255;
  if (numbers[0] === 5) return [within(numbers[1]) ? ofPalette(numbers[1]) : null, 2];
  if (numbers[0] !== 2) return [null, 1];
  // With colons there may be a colour space before the three.
  const rgb = colons && numbers.length > 4 ? numbers.slice(2, 5) : numbers.slice(1, 4);
  return [rgb.length === 3 && rgb.every(within) ? hex(rgb) : null, 4];
}

const STEPS = [0, 95, 135, 175, 215, 255];

function ofPalette(index: number): number | string {
  if (index < 16) return index;
  if (index >= 232) return hex(Array.from({ length: 3 }, () => 8 + (index - 232) * 10));
  const cube = index - 16;
  return hex([Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6].map((step) => STEPS[step] ?? 0));
}

function hex(rgb: readonly number[]): string {
  return `#${rgb.map((part) => part.toString(16).padStart(2, "0")).join("")}`;
}

function isPlain(style: Style): boolean {
  return (Object.keys(PLAIN) as (keyof Style)[]).every((key) => style[key] === PLAIN[key]);
}

/** As a style sheet says it. */
export function cssOf(style: Style): string {
  const { inverse } = style;
  const front = inverse ? style.ground : style.color;
  const back = inverse ? (style.color ?? "var(--text)") : style.ground;
  const parts: string[] = [];
  if (back !== null) parts.push(`background:${colour(back)}`, `color:${onto(back)}`);
  else if (front !== null) parts.push(`color:${readable(front)}`);
  if (style.bold) parts.push("font-weight:700");
  if (style.dim) parts.push("opacity:.75");
  if (style.italic) parts.push("font-style:italic");
  const lines = [style.underline ? "underline" : "", style.strike ? "line-through" : ""].filter(Boolean);
  if (lines.length > 0) parts.push(`text-decoration:${lines.join(" ")}`);
  return parts.join(";");
}

function colour(value: number | string): string {
  return typeof value === "number" ? `var(--ansi-${value})` : value;
}

/** A colour was chosen for another ground than ours: nearer to the text's own it can be read on both. */
function readable(value: number | string): string {
  return typeof value === "number" ? colour(value) : `color-mix(in srgb,${value} 55%,var(--text))`;
}

/** What can be read on a ground: pairs were chosen for other themes, and may be of one colour here. */
function onto(ground: number | string): string {
  if (typeof ground === "number" || !ground.startsWith("#")) return "var(--pane)";
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => parseInt(ground.slice(at, at + 2), 16));
  return r * 0.299 + g * 0.587 + b * 0.114 > 140 ? "#000" : "#fff";
}
