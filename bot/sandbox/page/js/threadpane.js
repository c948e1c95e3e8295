// The right column: one message and its replies.

import { grouped, messageRow } from './channelpane.js';
import { composer } from './composer.js';
import { el, morph } from './dom.js';
import { icon } from './icons.js';
import { avatar } from './message.js';
import { route } from './route.js';
import { Scroller } from './scroller.js';
import { channel, channelTitle, replies, store, threadKey } from './store.js';

const $ = (id) => document.getElementById(id);
export const threadList = new Scroller($('thread-list'));
const box = composer('thread', () => threadList.follow());
$('thread-foot').append(box.node);

export function drawThread() {
  const one = channel(route.channel);
  const root = one?.messages.get(route.thread);
  $('thread-pane').hidden = !root;
  document.body.classList.toggle('with-thread', Boolean(root));
  if (!root) return;
  drawHead(one);
  const below = replies(one.id, root.ts);
  const count = below.filter((m) => !m.is_ephemeral).length;
  threadList.show(`${store.me} ${one.id} ${root.ts}`, [
    messageRow(root, one.id, { inThread: true }),
    ...(count ? [countRow(count)] : []),
    ...grouped(below, one.id, { inThread: true }),
    ...statusRow(one, root),
  ]);
  box.node.hidden = one.is_archived || !one.members.includes(store.me);
}

function drawHead(one) {
  const fresh = el('header', { id: 'thread-head', class: 'pane-head' },
    el('button', { type: 'button', class: 'icon-button only-narrow', 'aria-label': 'Back to the channel', 'data-do': 'closeThread' }, icon('back', 20)),
    el('div', { class: 'pane-title' }, el('h1', {}, 'Thread'), el('p', { class: 'topic' }, one.is_im ? channelTitle(one) : `#${one.name}`)),
    el('button', { type: 'button', class: 'icon-button not-narrow', 'aria-label': 'Close thread', 'data-do': 'closeThread' }, icon('close', 19)));
  morph($('thread-head'), fresh);
}

const countRow = (count) => ({
  key: 'count',
  stamp: [count],
  draw: () => el('div', { class: 'reply-count', 'data-key': 'count' }, el('span', {}, `${count} ${count === 1 ? 'reply' : 'replies'}`)),
});

function statusRow(one, root) {
  const row = store.statuses.get(threadKey(one.id, root.ts));
  return row ? [{ key: 'working', stamp: [row], draw: () => status(one, root, row) }] : [];
}

function status(one, root, row) {
  const bot = store.users.get(store.app.user);
  const text = row.loading?.length ? row.loading[Math.floor(Date.now() / 4000) % row.loading.length] : `${bot.real_name} ${row.text}`;
  return el('div', { class: 'working', 'data-key': 'working', role: 'status' }, avatar(bot, 24), el('span', { class: 'shimmer' }, text),
    row.can_stop ? el('button', { type: 'button', class: 'button small', 'data-do': 'stopSession', 'data-channel': one.id, 'data-message': root.ts }, icon('stop', 14), 'Stop') : null);
}

export function drawThreadComposer() {
  if (route.thread) box.aim(route.channel, route.thread, 'Reply…');
}
