// Standard Markdown, for `markdown` blocks and streamed answers: the parts Slack documents, nothing more.

import { el } from './dom.js';
import { emojiNode, firstEmoji, link } from './inline.js';

const FENCE = /^ {0,3}(`{3,}|~{3,})\s*([\w+#-]*)\s*$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** A document as nodes. */
export function markdown(text) {
  return blocks(String(text).replace(/\r\n/g, '\n').split('\n'));
}

function blocks(rows) {
  const nodes = [];
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) nodes.push(el('p', {}, inlineLines(paragraph)));
    paragraph = [];
  };
  for (let i = 0; i < rows.length; ) {
    const found = READERS.map((read) => read(rows, i)).find(Boolean);
    if (found) {
      flush();
      nodes.push(found.node);
      i = found.next;
    } else {
      if (rows[i].trim()) paragraph.push(rows[i]);
      else flush();
      i += 1;
    }
  }
  flush();
  return nodes;
}

const READERS = [fence, heading, rule, quote, table, list];

function fence(rows, at) {
  const open = FENCE.exec(rows[at]);
  if (!open) return null;
  let end = at + 1;
  while (end < rows.length && !rows[end].trim().startsWith(open[1])) end += 1;
  const code = rows.slice(at + 1, end).join('\n');
  return { node: el('pre', { class: 'code', tabindex: '0', 'data-language': open[2] || null }, code), next: end + 1 };
}

function heading(rows, at) {
  const match = HEADING.exec(rows[at]);
  if (!match) return null;
  return { node: el('p', { class: 'heading', role: 'heading', 'aria-level': String(match[1].length + 2) }, inline(match[2])), next: at + 1 };
}

function rule(rows, at) {
  return RULE.test(rows[at]) ? { node: el('hr'), next: at + 1 } : null;
}

function quote(rows, at) {
  if (!/^ {0,3}>/.test(rows[at])) return null;
  let end = at;
  while (end < rows.length && /^ {0,3}>/.test(rows[end])) end += 1;
  return { node: el('blockquote', {}, blocks(rows.slice(at, end).map((row) => row.replace(/^ {0,3}> ?/, '')))), next: end };
}

function table(rows, at) {
  if (!rows[at].includes('|') || !TABLE_RULE.test(rows[at + 1] || '') || !(rows[at + 1] || '').includes('-')) return null;
  let end = at + 2;
  while (end < rows.length && rows[end].includes('|') && rows[end].trim()) end += 1;
  const head = cells(rows[at]);
  const aligns = cells(rows[at + 1]).map((cell) => (cell.endsWith(':') ? (cell.startsWith(':') ? 'center' : 'right') : 'left'));
  const body = rows.slice(at + 2, end).map(cells);
  const row = (tag, values) =>
    el('tr', {}, head.map((_, i) => el(tag, { scope: tag === 'th' ? 'col' : null, class: `to-${aligns[i] || 'left'}` }, inline(values[i] || ''))));
  const node = el('div', { class: 'table-box', tabindex: '0', role: 'region', 'aria-label': 'Table' },
    el('table', {}, el('thead', {}, row('th', head)), el('tbody', {}, body.map((values) => row('td', values)))));
  return { node, next: end };
}

const cells = (row) => row.trim().replace(/^\||\|$/g, '').split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));

function list(rows, at) {
  const first = ITEM.exec(rows[at]);
  if (!first) return null;
  const depth = first[1].length;
  const ordered = /\d/.test(first[2]);
  const items = [];
  let i = at;
  while (i < rows.length) {
    const match = ITEM.exec(rows[i]);
    if (match && match[1].length <= depth && /\d/.test(match[2]) !== ordered && match[1].length === depth) break;
    if (match && match[1].length < depth) break;
    if (match && match[1].length < depth + 2) items.push([match[3]]);
    else if (rows[i].trim() && (match || /^\s/.test(rows[i]) || !READERS.slice(0, 5).some((read) => read(rows, i)))) items.at(-1).push(rows[i].slice(Math.min(depth + 2, rows[i].search(/\S/))));
    else if (rows[i].trim()) break;
    else if (!ITEM.test(rows[i + 1] || '') && !/^\s+\S/.test(rows[i + 1] || '')) break;
    i += 1;
  }
  const start = ordered ? String(parseInt(first[2], 10)) : null;
  return { node: el(ordered ? 'ol' : 'ul', { start }, items.map(item)), next: i };
}

function item([first, ...rest]) {
  const task = /^\[([ xX])\]\s+(.*)$/.exec(first);
  const nested = rest.length ? blocks(rest) : [];
  if (!task) return el('li', {}, inline(first), nested);
  const done = task[1] !== ' ';
  const box = el('span', { class: 'task-box', role: 'img', 'aria-label': done ? 'done' : 'open' }, done ? '☑' : '☐');
  return el('li', { class: 'task' }, box, ' ', inline(task[2]), nested);
}

const inlineLines = (rows) => rows.flatMap((row, i) => [i ? el('br') : null, inline(row.replace(/ {2,}$/, ''))]);

const INLINE = [
  [/\\([\\`*_{}[\]()#+\-.!&~|>])/, (m) => m[1]],
  [/(`+)([^`]|[^`].*?[^`])\1(?!`)/, (m) => el('code', {}, m[2])],
  [/!?\[([^\]]*)\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/, (m) => link(m[2], ...inline(m[1] || m[2]))],
  [/<(https?:\/\/[^\s<>]+)>/, (m) => link(m[1])],
  [/\*\*\*(?=\S)(.+?)(?<=\S)\*\*\*/, (m) => el('strong', {}, el('em', {}, inline(m[1])))],
  [/\*\*(?=\S)(.+?)(?<=\S)\*\*/, (m) => el('strong', {}, inline(m[1]))],
  [/(?<!\w)__(?=\S)(.+?)(?<=\S)__(?!\w)/, (m) => el('strong', {}, inline(m[1]))],
  [/(?<!\*)\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?!\*)/, (m) => el('em', {}, inline(m[1]))],
  [/(?<![\w_])_(?=[^\s_])(.+?)(?<=[^\s_])_(?![\w_])/, (m) => el('em', {}, inline(m[1]))],
  [/~~(?=\S)(.+?)(?<=\S)~~/, (m) => el('del', {}, inline(m[1]))],
  [/(?<![\w/])https?:\/\/[^\s<>)\]]+[^\s<>)\].,;:!?'"*_~]/, (m) => link(m[0])],
];

function inline(text) {
  if (!text) return [];
  const named = firstEmoji(text);
  let best = named && { match: named, make: (m) => emojiNode(m[0].slice(1, -1)) };
  for (const [pattern, make] of INLINE) {
    const match = pattern.exec(text);
    if (match && (!best || match.index < best.match.index)) best = { match, make };
  }
  if (!best) return [text];
  const end = best.match.index + best.match[0].length;
  return [text.slice(0, best.match.index), best.make(best.match), ...inline(text.slice(end))];
}
