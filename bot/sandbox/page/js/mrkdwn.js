// Slack's own markup: *bold* _italic_ ~strike~ `code`, fences, quotes, <links|text>, <@mentions>, <!date^…>.

import { el } from './dom.js';
import { broadcast, channelLink, date, emojiNode, firstEmoji, group, link, mention, unescape, withEmoji } from './inline.js';

const FENCE = /```\n?([\s\S]+?)\n?```/g;
const BULLET = /^(\s*)(•|◦|▪︎|▪|-)\s+(.*)$/;
const NUMBER = /^(\s*)(\d+[.)])\s+(.*)$/;
const ANGLE = /<([@#!][^<>\n]+|(?:https?:|mailto:|tel:)[^<>\n]+)>/i;
const CODE = /`([^`\n]+)`/;
const BARE_URL = /(?<![\w/])https?:\/\/[^\s<>|`]+[^\s<>|`.,;:!?)\]'"*_~]/;
const STYLES = [
  ['*', 'strong'],
  ['_', 'em'],
  ['~', 'del'],
];

/** A text object, `plain_text` or `mrkdwn`. */
export function textObject(object) {
  if (!object) return [];
  return object.type === 'mrkdwn' ? mrkdwn(object.text) : plain(object.text, object.emoji !== false);
}

/** Unformatted text; only emoji names are drawn. */
export function plain(text, withNames = true) {
  return String(text)
    .split('\n')
    .flatMap((line, i) => [i ? el('br') : null, withNames ? withEmoji(unescape(line)) : unescape(line)]);
}

/** Formatted text as block nodes. */
export function mrkdwn(text) {
  const nodes = [];
  let at = 0;
  for (const match of String(text).matchAll(FENCE)) {
    nodes.push(...paragraphs(text.slice(at, match.index).replace(/\n$/, '')));
    nodes.push(el('pre', { class: 'code', tabindex: '0' }, unescape(withoutAngles(match[1]))));
    at = match.index + match[0].length;
  }
  nodes.push(...paragraphs(String(text).slice(at).replace(at ? /^\n/ : /^$/, '')));
  return nodes;
}

function paragraphs(text) {
  if (!text) return [];
  const nodes = [];
  let quote = null;
  const rows = text.split('\n');
  for (let i = 0; i < rows.length; i += 1) {
    const row = rows[i];
    if (/^(>>>|&gt;&gt;&gt;)/.test(row)) {
      const rest = [row.replace(/^(>>>|&gt;&gt;&gt;) ?/, ''), ...rows.slice(i + 1)].join('\n');
      nodes.push(el('blockquote', {}, paragraphs(rest)));
      return nodes;
    }
    const quoted = /^(?:>|&gt;) ?(.*)$/.exec(row);
    if (quoted) {
      if (!quote) nodes.push((quote = el('blockquote')));
      else quote.append(el('br'));
      quote.append(...flat(inline(quoted[1])));
      continue;
    }
    if (i && !quote && !isBlock(nodes.at(-1))) nodes.push(el('br'));
    quote = null;
    nodes.push(...line(row));
  }
  return nodes;
}

const isBlock = (node) => node instanceof HTMLElement && ['DIV', 'BLOCKQUOTE', 'PRE'].includes(node.tagName);

function line(row) {
  const item = BULLET.exec(row) || NUMBER.exec(row);
  if (!item) return flat(inline(row));
  const depth = Math.min(4, Math.floor(item[1].length / 2));
  return [
    el('div', { class: 'item', style: { '--depth': depth } }, el('span', { class: 'marker' }, item[2]), el('span', {}, inline(item[3]))),
  ];
}

/** Formatted text within a line. */
export function inline(text) {
  if (!text) return [];
  const hit = earliest(text);
  if (!hit) return [unescape(text)];
  const { match, make } = hit;
  return [...inline(text.slice(0, match.index)), make(match), ...inline(text.slice(match.index + match[0].length))];
}

function earliest(text) {
  const hits = [
    [CODE.exec(text), (m) => el('code', {}, unescape(withoutAngles(m[1])))],
    [ANGLE.exec(text), (m) => angle(m[1])],
    [BARE_URL.exec(text), (m) => link(unescape(m[0]))],
    [firstEmoji(text), (m) => emojiNode(m[0].slice(1, -1))],
    ...STYLES.map(([mark, tag]) => [styled(text, mark), (m) => el(tag, {}, inline(m[1]))]),
  ];
  return hits
    .filter(([match]) => match)
    .map(([match, make]) => ({ match, make }))
    .sort((a, b) => a.match.index - b.match.index)[0];
}

/** A pair of marks counts when it hugs its text and does not sit inside a word. */
function styled(text, mark) {
  const m = `\\${mark}`;
  const pattern = new RegExp(`(?<![\\w${m}])${m}(?=\\S)([^\\n]*?\\S)${m}(?![\\w${m}])`);
  return pattern.exec(text);
}

function angle(inside) {
  const [target, label] = split(inside);
  if (target.startsWith('@')) return mention(target.slice(1), label);
  if (target.startsWith('#')) return channelLink(target.slice(1), label);
  if (!target.startsWith('!')) return link(unescape(target), ...(label ? withEmoji(unescape(label)) : []));
  const [word, ...rest] = target.slice(1).split('^');
  if (word === 'date') return date(rest[0], rest[1] || '', rest[2], label);
  if (word === 'subteam') return group(rest[0], label);
  if (['here', 'channel', 'everyone'].includes(word)) return broadcast(word);
  return document.createTextNode(label || word);
}

function split(inside) {
  const cut = inside.indexOf('|');
  return cut < 0 ? [inside, ''] : [inside.slice(0, cut), inside.slice(cut + 1)];
}

/** In code, links show as their text. */
const withoutAngles = (text) => text.replace(/<(?:[@#!]|(?=https?:|mailto:))([^<>|\n]+)(?:\|([^<>\n]*))?>/gi, (_, target, label) => label || target);
const flat = (nodes) => nodes.flat(Infinity).filter((node) => node !== null && node !== '');
