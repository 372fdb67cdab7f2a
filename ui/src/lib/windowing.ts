/** Which fixed-height rows have to be in the document. */
export interface Window {
  /** First index, inclusive. */
  from: number;
  /** Last index, exclusive. */
  to: number;
}

const OVERSCAN = 8;

/**
 * The rows that a viewport shows, and a few around them. Bounds move in steps of the overscan, so most scroll events
 * change nothing.
 */
export function windowOf(scrollTop: number, viewport: number, rowHeight: number, count: number): Window {
  const first = Math.floor(Math.max(0, scrollTop) / rowHeight);
  const last = Math.ceil((Math.max(0, scrollTop) + viewport) / rowHeight);
  const from = Math.max(0, Math.floor(first / OVERSCAN) * OVERSCAN - OVERSCAN);
  const to = Math.min(count, Math.ceil(last / OVERSCAN) * OVERSCAN + OVERSCAN);
  return { from: Math.min(from, count), to: Math.max(to, Math.min(from, count)) };
}

/** Indices to render: the window, and the row with the focus, which must not leave the document under the user. */
export function indicesOf(window: Window, focused: number): number[] {
  const indices: number[] = [];
  if (focused >= 0 && focused < window.from) indices.push(focused);
  for (let index = window.from; index < window.to; index += 1) indices.push(index);
  if (focused >= window.to) indices.push(focused);
  return indices;
}

/** Where to scroll so that a row is in sight below a sticky header; the same place when it already is. */
export function scrollToShow(
  index: number,
  scrollTop: number,
  viewport: number,
  rowHeight: number,
  header: number,
): number {
  const top = index * rowHeight;
  const bottom = top + rowHeight;
  if (top < scrollTop) return top;
  if (bottom > scrollTop + viewport - header) return bottom - viewport + header;
  return scrollTop;
}
