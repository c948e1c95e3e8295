// Mentions, links, emoji, dates: the small parts that mrkdwn, Markdown and rich text have in common.

import { dated, full } from './dates.js';
import { el, safeUrl } from './dom.js';
import { emoji, SHORT_NAME } from './emoji.js';
import { channel, store, user } from './store.js';

export function mention(id, label) {
  const known = user(id);
  const mine = id === store.me;
  return el('span', { class: mine ? 'mention mine' : 'mention', 'data-user': id }, `@${known?.real_name || label || id}`);
}

export function channelLink(id, label) {
  const known = channel(id);
  if (!known) return el('span', { class: 'mention' }, `#${label || 'private channel'}`);
  return el('button', { class: 'mention channel-link', type: 'button', 'data-do': 'openChannel', 'data-channel': id }, `#${known.name}`);
}

export function broadcast(range) {
  return el('span', { class: 'mention mine' }, `@${range}`);
}

export function group(id, label) {
  return el('span', { class: 'mention' }, label || `@${id}`);
}

export function link(url, ...label) {
  const safe = safeUrl(url);
  if (!safe) return el('span', {}, label.length ? label : url);
  return el('a', { href: safe, target: '_blank', rel: 'noopener noreferrer' }, label.length ? label : url);
}

export function emojiNode(name) {
  const character = emoji(name);
  if (!character) return document.createTextNode(`:${name}:`);
  return el('span', { class: 'emoji', role: 'img', 'aria-label': name.replaceAll('_', ' '), title: `:${name}:` }, character);
}

export function date(seconds, template, url, fallback) {
  if (!Number.isFinite(Number(seconds))) return document.createTextNode(fallback || '');
  const node = el('time', { title: full(seconds), datetime: new Date(seconds * 1000).toISOString() }, dated(seconds, template));
  return url ? link(url, node) : node;
}

/** Text with its `:short_names:` drawn. */
export function withEmoji(text) {
  const hit = firstEmoji(text);
  if (!hit) return [text];
  const end = hit.index + hit[0].length;
  return [text.slice(0, hit.index), emojiNode(hit[0].slice(1, -1)), ...withEmoji(text.slice(end))];
}

/** Where the first short name stands that there is an emoji for; `null` where there is none. */
export function firstEmoji(text) {
  for (const match of text.matchAll(new RegExp(SHORT_NAME, 'g'))) {
    if (emoji(match[1].slice(1, -1))) return match;
  }
  return null;
}

/** Text as it is, its line breaks kept. */
export function lines(text) {
  return text.split('\n').flatMap((line, i) => (i ? [el('br'), line] : [line]));
}

export const unescape = (text) => text.replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&');
