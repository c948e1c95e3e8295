// Our own icons, drawn on a 20 × 20 grid with a 1.6 stroke.

import { svg } from './dom.js';

const PATHS = {
  hash: ['M7.5 3 6 17', 'M14 3l-1.5 14', 'M3.5 7.2h13.5', 'M3 12.8h13.5'],
  lock: ['M5 9.5h10v7H5z', 'M7 9.5V7a3 3 0 0 1 6 0v2.5'],
  plus: ['M10 4v12', 'M4 10h12'],
  close: ['M5 5l10 10', 'M15 5 5 15'],
  back: ['M12.5 4 6.5 10l6 6'],
  send: ['M3.5 10 16.5 3.8 12.4 16.4 9.6 11z', 'M9.6 11 16.5 3.8'],
  reply: ['M4 4.5h12v8.5H9.5L6 16v-3H4z'],
  smile: ['M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14z', 'M7.2 12c1.6 1.9 4 1.9 5.6 0', 'M7.6 8v.4', 'M12.4 8v.4'],
  more: ['M5 10h.01', 'M10 10h.01', 'M15 10h.01'],
  bolt: ['M11 2.5 4.5 11.5H9l-.6 6 6.6-9.3h-4.6z'],
  home: ['M3.5 9.5 10 4l6.5 5.5', 'M5.5 8.5V16h9V8.5'],
  check: ['M4.5 10.5 8.3 14.3 15.5 6.2'],
  cross: ['M6 6l8 8', 'M14 6l-8 8'],
  ring: ['M10 4.2a5.8 5.8 0 1 0 0 11.6 5.8 5.8 0 0 0 0-11.6z'],
  alert: ['M10 3.2 17.3 16H2.7z', 'M10 8v3.6', 'M10 13.8v.1'],
  info: ['M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14z', 'M10 9.2v4.4', 'M10 6.4v.1'],
  down: ['M5.5 7.8 10 12.4l4.5-4.6'],
  eye: ['M2.5 10c2-3.6 4.6-5.4 7.5-5.4S15.5 6.4 17.5 10c-2 3.6-4.6 5.4-7.5 5.4S4.5 13.6 2.5 10z', 'M10 7.6a2.4 2.4 0 1 0 0 4.8 2.4 2.4 0 0 0 0-4.8z'],
  people: ['M7.5 9.4a2.7 2.7 0 1 0 0-5.4 2.7 2.7 0 0 0 0 5.4z', 'M2.8 16c.3-3 2-4.6 4.7-4.6S11.9 13 12.2 16', 'M13 9.6a2.3 2.3 0 0 0 0-4.6', 'M14.2 11.8c1.9.5 2.9 1.9 3.1 4.2'],
  up: ['M6.5 9v7.5H3.5V9z', 'M6.5 9 10 3.5c1.5 0 2 1.2 1.7 2.5L11 8.5h4.5c1 0 1.5.8 1.3 1.7l-1.3 5.3c-.2.7-.7 1-1.4 1H6.5'],
  thumbDown: ['M6.5 11V3.5H3.5V11z', 'M6.5 11 10 16.5c1.5 0 2-1.2 1.7-2.5L11 11.5h4.5c1 0 1.5-.8 1.3-1.7l-1.3-5.3c-.2-.7-.7-1-1.4-1H6.5'],
  trash: ['M4 6h12', 'M8 6V4h4v2', 'M5.5 6l.8 10.5h7.4L14.5 6'],
  pencil: ['M4 16l.8-3.5L13.5 3.8l2.7 2.7L7.5 15.2z'],
  link: ['M8.5 11.5a3 3 0 0 0 4.3 0l2.7-2.7a3 3 0 0 0-4.3-4.3l-1 1', 'M11.5 8.5a3 3 0 0 0-4.3 0l-2.7 2.7a3 3 0 0 0 4.3 4.3l1-1'],
  file: ['M5.5 3h6l3.5 3.5V17h-9.5z', 'M11.5 3v3.5H15'],
  image: ['M3.5 4.5h13v11h-13z', 'M3.5 13l4-4 3.5 3.5 2-2 3.5 3.5', 'M12.8 7.6v.1'],
  stop: ['M6 6h8v8H6z'],
  search: ['M8.8 4a4.8 4.8 0 1 0 0 9.6 4.8 4.8 0 0 0 0-9.6z', 'M12.4 12.4 16.5 16.5'],
  command: ['M4 4.5h12v11H4z', 'M7 8l2.5 2.2L7 12.5', 'M11 12.8h3'],
};

/** An icon; it is decoration, so the thing it stands on needs a label of its own. */
export function icon(name, size = 18) {
  const paths = (PATHS[name] || PATHS.ring).map((d) => svg('path', { d }));
  return svg('svg', { class: 'icon', viewBox: '0 0 20 20', width: size, height: size, 'aria-hidden': 'true' }, paths);
}

/** Names of icons an `icon_button` may ask for, and ours for them. */
export const BUTTON_ICONS = { trash: 'trash', edit: 'pencil', copy: 'file', link: 'link', refresh: 'back' };
