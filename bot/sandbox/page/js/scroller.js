// A list of messages that stays put while it changes: only rows whose stamp changed are drawn again, in place,
// and the view follows the end only when it was at the end already.

import { morph } from './dom.js';

const NEAR = 60;

export class Scroller {
  constructor(box) {
    this.box = box;
    this.place = '';
    this.known = new Map();
    this.follows = true;
    this.height = 0;
    box.addEventListener('scroll', () => this.moved());
    // Pictures that finish loading and folds that open change the height too.
    this.inner = document.createElement('div');
    this.inner.className = 'rows';
    box.append(this.inner);
    new ResizeObserver(() => this.follows && this.toEnd()).observe(this.inner);
    new ResizeObserver(() => this.follows && this.toEnd()).observe(box);
  }

  /**
   * Show rows `{key, stamp, draw}`: `stamp` lists what a row is drawn from. Another `place` opens at its end.
   */
  show(place, rows) {
    if (place !== this.place) {
      this.place = place;
      this.known = new Map();
      this.inner.replaceChildren();
      this.follows = true;
    }
    const known = new Map();
    let next = this.inner.firstChild;
    for (const row of rows) {
      const node = this.node(row);
      known.set(row.key, { stamp: row.stamp, node });
      if (node === next) next = next.nextSibling;
      else this.inner.insertBefore(node, next);
    }
    while (next) {
      const gone = next;
      next = next.nextSibling;
      gone.remove();
    }
    this.known = known;
    if (this.follows) this.toEnd();
  }

  node(row) {
    const before = this.known.get(row.key);
    if (!before) return row.draw();
    const same = before.stamp.length === row.stamp.length && before.stamp.every((part, i) => part === row.stamp[i]);
    return same ? before.node : morph(before.node, row.draw());
  }

  /** Go to the end and stay there, as after writing something oneself. */
  follow() {
    this.follows = true;
    this.toEnd();
  }

  toEnd() {
    this.height = this.box.scrollHeight;
    this.box.scrollTop = this.box.scrollHeight;
  }

  moved() {
    const { box } = this;
    // The browser moves too when content grows; only a reader's own scrolling ends the following.
    if (this.follows && box.scrollHeight !== this.height) return this.toEnd();
    this.follows = box.scrollHeight - box.scrollTop - box.clientHeight < NEAR;
    if (this.follows) this.onEnd?.();
    return undefined;
  }

  /** Bring one message into view and light it up for a moment. */
  reveal(ts) {
    const row = this.inner.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    if (!row) return;
    this.follows = false;
    row.scrollIntoView({ block: 'center' });
    row.classList.add('lit');
    setTimeout(() => row.classList.remove('lit'), 2400);
  }
}
