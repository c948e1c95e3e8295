// One message as it stands in a channel or thread.

import { attachment, blocks } from './blocks.js';
import { ago, full, time } from './dates.js';
import { el } from './dom.js';
import { emoji } from './emoji.js';
import { icon } from './icons.js';
import { mrkdwn, textObject } from './mrkdwn.js';
import { author, replies, store, user } from './store.js';

const QUIET = new Set(['channel_join', 'channel_leave', 'channel_topic', 'channel_name', 'channel_archive', 'channel_unarchive']);

/** The square with initials. */
export function avatar(who, size = 36) {
  return el('span', { class: who.isBot || who.is_bot ? 'avatar bot' : 'avatar', 'aria-hidden': 'true', style: { '--color': who.color, '--size': `${size}px` } }, who.initials);
}

/**
 * A message row. `compact` leaves out the author, `inThread` the summary of its replies,
 * `channelId` is needed because messages do not name their channel.
 */
export function message(one, channelId, { compact = false, inThread = false } = {}) {
  if (QUIET.has(one.subtype)) return systemLine(one);
  const who = author(one);
  const isPrivate = Boolean(one.is_ephemeral);
  const isStone = one.subtype === 'tombstone';
  const classes = ['message', compact && 'compact', isPrivate && 'private', isStone && 'stone'].filter(Boolean).join(' ');
  return el('article', {
    class: classes, 'data-key': one.ts, 'data-ts': one.ts, 'data-channel': channelId, tabindex: '-1',
    'aria-label': `${who.name}, ${time(one.ts)}`,
  },
  el('div', { class: 'gutter' }, compact ? el('time', { class: 'small-time', title: full(one.ts) }, time(one.ts)) : isStone ? icon('trash', 20) : avatar(who)),
  el('div', { class: 'body' },
    isPrivate ? el('div', { class: 'only-you' }, icon('eye', 14), 'Only visible to you') : null,
    compact || isStone ? null : head(one, who),
    content(one, channelId),
    reactions(one, channelId),
    inThread || isPrivate ? null : summary(one, channelId)),
  isStone ? null : tools(one, channelId, inThread));
}

function head(one, who) {
  return el('div', { class: 'head' },
    el('strong', { class: 'author' }, who.name),
    who.isBot ? el('span', { class: 'badge' }, 'APP') : null,
    user(one.user)?.is_restricted ? el('span', { class: 'badge guest' }, 'GUEST') : null,
    el('time', { title: full(one.ts) }, time(one.ts)));
}

function content(one, channelId) {
  const where = { 'data-message': one.ts, 'data-channel': channelId };
  const files = new Map((one.files || []).map((f) => [f.id, f]));
  const hasBlocks = one.blocks?.length;
  const edited = one.edited ? el('span', { class: 'edited' }, '(edited)') : null;
  return el('div', { class: 'content' },
    hasBlocks ? blocks(one.blocks, where, files) : one.text ? el('div', { class: 'text' }, mrkdwn(one.text)) : null,
    edited,
    one.streaming_state === 'in_progress' ? el('span', { class: 'writing', 'aria-label': 'still writing' }) : null,
    (one.attachments || []).map((a) => attachment(a, where)),
    one.files ? el('div', { class: 'files' }, one.files.map(file)) : null);
}

function file(one) {
  const address = `/_slack/files/${encodeURIComponent(one.id)}`;
  if (one.mimetype.startsWith('image/')) {
    const size = one.original_w ? { width: String(one.original_w), height: String(one.original_h) } : {};
    return el('figure', { class: 'figure' }, el('figcaption', {}, one.title),
      el('a', { href: address, target: '_blank', rel: 'noopener' }, el('img', { class: 'picture', src: address, alt: one.alt_txt || one.title, loading: 'lazy', ...size })));
  }
  return el('a', { class: 'file', href: address, download: one.name, 'aria-label': `Download ${one.title}` }, icon('file', 28),
    el('span', {}, el('strong', {}, one.title), el('span', { class: 'muted small' }, `${one.pretty_type} · ${bytes(one.size)}`)));
}

function reactions(one, channelId) {
  if (!one.reactions?.length) return null;
  return el('div', { class: 'reactions' }, one.reactions.map((r) => {
    const names = r.users.map((id) => user(id)?.real_name || id).join(', ');
    return el('button', {
      type: 'button', class: r.users.includes(store.me) ? 'reaction mine' : 'reaction', 'data-do': 'react', 'data-name': r.name,
      'data-message': one.ts, 'data-channel': channelId, 'data-key': r.name, title: `${names} reacted with :${r.name}:`,
      'aria-label': `${r.name.replaceAll('_', ' ')}, ${r.count}`, 'aria-pressed': String(r.users.includes(store.me)),
    }, el('span', { class: 'emoji' }, emoji(r.name) || `:${r.name}:`), String(r.count));
  }));
}

function summary(one, channelId) {
  const below = replies(channelId, one.ts);
  const status = store.statuses.get(`${channelId} ${one.ts}`);
  if (!below.length && !status) return null;
  const people = [...new Map(below.map((m) => [author(m).id, author(m)])).values()].slice(0, 4);
  const count = below.filter((m) => !m.is_ephemeral).length;
  return el('button', { type: 'button', class: 'thread-summary', 'data-do': 'openThread', 'data-message': one.ts, 'data-channel': channelId },
    people.map((p) => avatar(p, 22)),
    el('span', { class: 'count' }, count ? `${count} ${count === 1 ? 'reply' : 'replies'}` : 'View thread'),
    status ? el('span', { class: 'shimmer' }, `${store.app.name} ${status.text}`)
      : el('span', { class: 'muted last-reply' }, `Last reply ${ago((one.latest_reply || below.at(-1)?.ts))}`),
    el('span', { class: 'open-hint' }, 'View thread'));
}

function tools(one, channelId, inThread) {
  const at = { 'data-message': one.ts, 'data-channel': channelId };
  const tool = (name, label, action) =>
    el('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, 'data-do': action, ...at, 'data-key': action }, icon(name, 17));
  if (one.is_ephemeral) return el('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Message' }, tool('close', 'Dismiss', 'dismiss'));
  return el('div', { class: 'tools', role: 'toolbar', 'aria-label': 'Message' },
    tool('smile', 'Add a reaction', 'pickReaction'),
    inThread ? null : tool('reply', 'Reply in thread', 'openThread'),
    tool('more', 'More', 'openMenu'));
}

function systemLine(one) {
  return el('div', { class: 'system', 'data-key': one.ts, 'data-ts': one.ts },
    el('span', { class: 'gutter' }, el('time', { class: 'small-time', title: full(one.ts) }, time(one.ts))),
    el('span', {}, textObject({ type: 'mrkdwn', text: one.subtype === 'channel_name' ? `<@${one.user}> ${one.text}` : one.text })));
}

const bytes = (n) => (n >= 1e6 ? `${(n / 1e6).toFixed(1)} MB` : n >= 1e3 ? `${Math.round(n / 1e3)} kB` : `${n} B`);
