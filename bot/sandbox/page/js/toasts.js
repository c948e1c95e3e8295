// Short notices in the corner, for things that went wrong or want an answer.

import { el } from './dom.js';
import { icon } from './icons.js';

const box = document.getElementById('toasts');
const SECONDS = 7;

/** Show a notice, perhaps with one button. */
export function toast(text, kind = 'info', action = null) {
  const close = () => node.remove();
  const button = action && el('button', { type: 'button', class: 'button small primary' }, action.label);
  button?.addEventListener('click', () => {
    action.run();
    close();
  });
  const cross = el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Dismiss' }, icon('close', 16));
  cross.addEventListener('click', close);
  const node = el('div', { class: `toast ${kind}` }, icon(kind === 'warning' ? 'alert' : 'info', 18), el('span', {}, text), button, cross);
  box.append(node);
  setTimeout(close, (action ? 3 : 1) * SECONDS * 1000);
}
