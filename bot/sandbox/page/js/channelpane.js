// The middle column: a channel's head, its messages, its message box. For the app also its Home tab.

import { blocks } from './blocks.js';
import { composer } from './composer.js';
import { ago, day } from './dates.js';
import { el, fill, morph } from './dom.js';
import { icon } from './icons.js';
import { mrkdwn } from './mrkdwn.js';
import { avatar, message } from './message.js';
import { newLine, route } from './route.js';
import { Scroller } from './scroller.js';
import { channel, channelTitle, roots, store, threadKey, user } from './store.js';

const GROUP_SECONDS = 300;
const $ = (id) => document.getElementById(id);
export const list = new Scroller($('channel-list'));
const box = composer('channel', () => list.follow());
$('channel-foot').append(box.node);

export function drawChannel() {
  const one = channel(route.channel);
  if (!one) return;
  const isApp = one.is_im && user(one.user)?.is_bot;
  const atHome = Boolean(isApp && route.tab === 'home');
  drawHead(one);
  drawTabs(isApp);
  $('channel-list').hidden = atHome;
  $('home-view').hidden = !atHome;
  if (atHome) drawHome();
  else list.show(`${store.me} ${one.id}`, rows(one));
  drawFoot(one, atHome);
  document.title = `${one.is_im ? '' : '#'}${channelTitle(one)} – Local Slack`;
}

/** Rows of messages: with day lines, the line of new messages, and one author's run of messages drawn together. */
export function grouped(messages, channelId, options = {}) {
  const rows = [];
  let before = null;
  const fresh = options.inThread ? null : newLine();
  for (const one of messages) {
    const today = day(one.ts);
    if (!options.inThread && (!before || day(before.ts) !== today)) rows.push(dayRow(today));
    if (fresh && one.ts === fresh) {
      rows.push(NEW_ROW);
      before = null;
    }
    rows.push(messageRow(one, channelId, { ...options, compact: follows(before, one) }));
    before = one;
  }
  return rows;
}

/** One message as a row; drawn again when it, its place in a run, or the summary of its thread changed. */
export function messageRow(one, channelId, options) {
  const status = store.statuses.get(threadKey(channelId, one.ts));
  const whispers = store.ephemerals.filter((m) => m.thread_ts === one.ts).length;
  const age = one.reply_count ? ago(one.latest_reply) : '';
  return {
    key: one.ts,
    stamp: [one, Boolean(options.compact), status, whispers, age],
    draw: () => message(one, channelId, options),
  };
}

const dayRow = (name) => ({ key: `day ${name}`, stamp: [], draw: () => el('div', { class: 'day', 'data-key': `day ${name}`, role: 'separator' }, el('span', {}, name)) });
const NEW_ROW = {
  key: 'new',
  stamp: [],
  draw: () => el('div', { class: 'new-line', 'data-key': 'new', role: 'separator', 'aria-label': 'New messages' }, el('span', {}, 'New')),
};

function follows(before, one) {
  return Boolean(before) && !before.subtype && !one.subtype && before.user === one.user && before.bot_id === one.bot_id
    && !before.is_ephemeral && !one.is_ephemeral && Number(one.ts) - Number(before.ts) < GROUP_SECONDS;
}

function rows(one) {
  const top = { key: 'beginning', stamp: [one, store.prompts.get(one.id)], draw: () => beginning(one) };
  return [top, ...grouped(roots(one.id), one.id)];
}

function beginning(one) {
  const bot = one.is_im && user(one.user);
  return el('div', { class: 'beginning', 'data-key': 'beginning' },
    bot ? avatar(bot, 56) : el('span', { class: 'big-hash' }, icon(one.is_private ? 'lock' : 'hash', 30)),
    el('h2', {}, channelTitle(one)),
    el('p', {}, bot ? `Messages with ${bot.real_name} are between the two of you.` : one.topic?.value || 'This is where the channel begins.'),
    bot ? prompts(one) : null);
}

function prompts(one) {
  const set = store.prompts.get(one.id)?.prompts || store.app.prompts;
  return set.length ? el('div', { class: 'prompts' }, set.map((p) => el('button', { type: 'button', class: 'button', 'data-do': 'prompt', 'data-text': p.message, 'data-channel': one.id }, p.title))) : null;
}

function drawHead(one) {
  const bot = one.is_im && user(one.user);
  const fresh = el('header', { id: 'channel-head', class: 'pane-head' },
    el('button', { type: 'button', class: 'icon-button only-narrow', 'aria-label': 'Back to channels', 'data-do': 'showSidebar' }, icon('back', 20)),
    el('div', { class: 'pane-title' },
      el('h1', {}, bot ? avatar(bot, 22) : icon(one.is_private ? 'lock' : 'hash', 19), el('span', {}, channelTitle(one))),
      one.topic?.value ? el('p', { class: 'topic', title: one.topic.value }, mrkdwn(one.topic.value)) : null),
    one.is_im ? null : el('button', { type: 'button', class: 'chip', 'data-do': 'showMembers', 'data-channel': one.id, 'aria-label': `${one.members.length} members` }, icon('people', 16), String(one.members.length)),
    el('button', { type: 'button', class: 'icon-button only-narrow', 'aria-label': 'Break something', 'data-do': 'showPanel' }, icon('bolt', 19)));
  morph($('channel-head'), fresh);
}

function drawTabs(isApp) {
  const tabs = $('channel-tabs');
  tabs.hidden = !isApp;
  if (!isApp) return;
  const tab = (name, label) => el('button', { type: 'button', class: 'tab', role: 'tab', 'aria-selected': String(route.tab === name), 'data-do': 'tab', 'data-tab': name, 'data-key': name }, label);
  const fresh = el('div', { id: 'channel-tabs', class: 'tabs', role: 'tablist' }, store.app.home_tab ? tab('home', 'Home') : null, tab('messages', 'Messages'));
  morph(tabs, fresh);
}

function drawHome() {
  const view = store.home;
  const inside = view
    ? el('div', { class: 'home-body', 'data-key': view.id }, blocks(view.blocks, { 'data-view': view.id }))
    : el('div', { class: 'empty', 'data-key': 'none' }, icon('home', 40), el('h2', {}, 'Nothing here yet'), el('p', {}, `${store.app.name} has not published its Home tab.`));
  const current = $('home-view').firstElementChild;
  if (current) morph(current, inside);
  else fill($('home-view'), inside);
}

function drawFoot(one, atHome) {
  const isMute = one.is_im && user(one.user)?.is_bot && !store.app.messages_tab;
  const reason = atHome ? 'home' : isMute ? 'mute' : one.is_archived ? 'archived' : !one.members.includes(store.me) ? 'outside' : 'open';
  $('channel-foot').dataset.state = reason;
  box.node.hidden = reason !== 'open';
  let notice = $('channel-foot').querySelector('.closed');
  if (reason === 'open' || reason === 'home') {
    notice?.remove();
    return;
  }
  const text = {
    archived: 'This channel is archived. Nothing can be posted here.',
    outside: `You are looking at #${one.name} without being in it.`,
    mute: `${store.app.name} takes no direct messages. Mention it in a channel.`,
  }[reason];
  const join = reason === 'outside' ? el('button', { type: 'button', class: 'button primary', 'data-do': 'join', 'data-channel': one.id }, 'Join channel') : null;
  const fresh = el('div', { class: 'closed' }, el('span', {}, text), join);
  if (notice) morph(notice, fresh);
  else $('channel-foot').append(fresh);
  notice = fresh;
}

export function drawChannelComposer() {
  const one = channel(route.channel);
  if (one) box.aim(one.id, '', one.is_im ? `Message ${channelTitle(one)}` : `Message #${one.name}`);
}
