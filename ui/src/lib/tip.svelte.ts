export interface Tip {
  owner: Element;
  /** Over this point of the window. */
  x: number;
  y: number;
  lines: string[];
}

/** The one tooltip of the window; 10,000 rows with one each would cost more than the rows. */
class Tips {
  shown = $state.raw<Tip | null>(null);

  show(tip: Tip): void {
    this.shown = tip;
  }

  hide(owner: Element): void {
    if (this.shown?.owner === owner) this.shown = null;
  }
}

export const tips = new Tips();
