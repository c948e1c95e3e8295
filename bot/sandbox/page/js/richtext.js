// `rich_text`: what the composer writes, and what apps use for exact formatting.

import { el } from './dom.js';
import { broadcast, channelLink, date, emojiNode, group, lines, link, mention } from './inline.js';

const ORDERED = ['1', 'a', 'i'];

const PARTS = {
  text: (part) => lines(part.text),
  link: (part) => [link(part.url, ...(part.text ? [part.text] : []))],
  user: (part) => [mention(part.user_id)],
  usergroup: (part) => [group(part.usergroup_id)],
  team: (part) => [group(part.team_id)],
  channel: (part) => [channelLink(part.channel_id)],
  emoji: (part) => [emojiNode(part.name)],
  broadcast: (part) => [broadcast(part.range)],
  date: (part) => [date(part.timestamp, part.format, part.url, part.fallback)],
  color: (part) => [el('span', { class: 'swatch', style: { '--swatch': cssColor(part.value) } }), part.value],
};

const ELEMENTS = {
  rich_text_section: (element) => el('div', { class: 'rt-section' }, parts(element.elements)),
  rich_text_quote: (element) => el('blockquote', {}, parts(element.elements)),
  rich_text_preformatted: (element) =>
    el('pre', { class: element.language === 'diff' ? 'code diff' : 'code', tabindex: '0', 'data-language': element.language || null },
      element.language === 'diff' ? diff(element.elements) : parts(element.elements)),
  rich_text_list: list,
};

/** A whole `rich_text` block. */
export function richText(block) {
  return (block.elements || []).map((element) => ELEMENTS[element.type]?.(element) ?? null);
}

/** Its text alone. */
export function richPlain(block) {
  return (block?.elements || []).map((e) => (e.elements ? richPlain(e) : e.text || e.url || '')).join('');
}

function parts(elements) {
  return elements.flatMap((part) => styled(part, PARTS[part.type]?.(part) ?? []));
}

function styled(part, nodes) {
  const style = part.style || {};
  let wrapped = nodes;
  for (const [name, tag] of [['code', 'code'], ['strike', 'del'], ['underline', 'u'], ['italic', 'em'], ['bold', 'strong']]) {
    if (style[name]) wrapped = [el(tag, {}, wrapped)];
  }
  return wrapped;
}

function list(element) {
  const indent = element.indent || 0;
  const ordered = element.style === 'ordered';
  const attributes = {
    class: element.border ? 'rt-list bordered' : 'rt-list',
    type: ordered ? ORDERED[indent % 3] : null,
    start: ordered && element.offset ? String(element.offset + 1) : null,
    style: { '--indent': indent },
  };
  return el(ordered ? 'ol' : 'ul', attributes, element.elements.map((item) => el('li', {}, ELEMENTS[item.type]?.(item))));
}

function diff(elements) {
  const text = elements.map((part) => part.text || '').join('');
  return text.split('\n').map((row) => {
    const kind = row.startsWith('+') ? 'added' : row.startsWith('-') ? 'removed' : '';
    return el('span', { class: `row ${kind}` }, row || ' ');
  });
}

export const cssColor = (value) => {
  const named = { good: '#2e7d32', warning: '#b8860b', danger: '#b3261e' }[value];
  const hex = /^#?([0-9a-f]{3}|[0-9a-f]{6})$/i.exec(String(value || ''));
  return named || (hex ? `#${hex[1]}` : '#8a949c');
};
