// A list of messages that stays put while it changes: nodes are morphed in place, and the view follows the end
// only when it was at the end already.

import { morph } from './dom.js';

const NEAR = 60;

export class Scroller {
  constructor(box) {
    this.box = box;
    this.key = '';
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

  /** Show `rows`; another `key` means another place, which opens at its end. */
  show(key, rows) {
    const isNew = key !== this.key;
    this.key = key;
    if (isNew) {
      this.inner.replaceChildren(...rows);
      this.follows = true;
    } else {
      const fresh = document.createElement('div');
      fresh.className = 'rows';
      fresh.append(...rows);
      morph(this.inner, fresh);
    }
    if (this.follows) this.toEnd();
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
