// The left column: workspace, channels, the app, and who one is.

import { el, morph } from './dom.js';
import { icon } from './icons.js';
import { avatar } from './message.js';
import { route, unread } from './route.js';
import { channelTitle, me, store } from './store.js';

const box = document.getElementById('sidebar');

export function drawSidebar() {
  const fresh = el('nav', { id: 'sidebar', 'aria-label': 'Workspace' },
    el('header', { class: 'team' }, el('span', { class: 'team-mark', 'aria-hidden': 'true' }, store.team.name[0] || ''), el('strong', {}, store.team.name)),
    el('div', { class: 'rooms' },
      title('Channels', newChannelButton()),
      el('ul', {}, rooms().map(room)),
      title('Apps'),
      el('ul', {}, appRow())),
    people());
  morph(box, fresh);
}

const title = (text, button) => el('div', { class: 'rooms-title' }, el('h2', {}, text), button);

function newChannelButton() {
  if (me()?.is_restricted) return null;
  return el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Create a channel', title: 'Create a channel', 'data-do': 'newChannel' }, icon('plus', 16));
}

function rooms() {
  const all = [...store.channels.values()].filter((c) => !c.is_im && (c.is_member || !c.is_archived));
  return all.sort((a, b) => Number(a.is_archived) - Number(b.is_archived) || rank(a) - rank(b) || a.name.localeCompare(b.name));
}

const rank = (c) => (c.name.startsWith('inc-') ? 1 : 0);

function room(one) {
  const { count, named } = unread(one);
  const here = one.id === route.channel;
  const classes = ['room', here && 'here', count && !here && 'unread', one.is_archived && 'archived', !one.is_member && 'outside'].filter(Boolean).join(' ');
  const label = `${one.name}${one.is_archived ? ', archived' : ''}${count && !here ? `, ${count} unread` : ''}`;
  return el('li', { 'data-key': one.id }, el('button', {
    type: 'button', class: classes, 'data-do': 'openChannel', 'data-channel': one.id, 'aria-current': here ? 'page' : null, 'aria-label': label, title: `#${one.name}`,
  }, icon(one.is_private ? 'lock' : 'hash', 16), el('span', { class: 'room-name' }, channelTitle(one)), named && !here ? el('span', { class: 'count-badge' }, String(named)) : null));
}

function appRow() {
  const bot = store.users.get(store.app.user);
  if (!bot) return [];
  const direct = [...store.channels.values()].find((c) => c.is_im && c.user === bot.id);
  const here = direct && direct.id === route.channel;
  const { count } = direct ? unread(direct) : { count: 0 };
  return [el('li', {}, el('button', {
    type: 'button', class: ['room', here && 'here', count && !here && 'unread'].filter(Boolean).join(' '), 'data-do': 'openApp', 'aria-current': here ? 'page' : null,
  }, avatar(bot, 20), el('span', { class: 'room-name' }, bot.real_name),
  el('span', { class: store.connections ? 'presence on' : 'presence', title: store.connections ? 'Connected' : 'Not connected' }),
  count && !here ? el('span', { class: 'count-badge' }, String(count)) : null))];
}

function people() {
  const mine = me();
  if (!mine) return null;
  const others = [...store.users.values()].filter((u) => !u.is_bot);
  return el('details', { class: 'people menu', 'data-key': 'people' },
    el('summary', { class: 'person', 'aria-label': `You are ${mine.real_name}, ${mine.role}. Switch person` },
      avatar(mine, 32), el('span', {}, el('small', {}, 'You are'), el('strong', {}, mine.real_name), el('small', { class: 'role' }, mine.role)), icon('down', 16)),
    el('div', { class: 'menu-list up', role: 'menu' }, others.map((u) =>
      el('button', { type: 'button', class: 'menu-item person', role: 'menuitemradio', 'aria-checked': String(u.id === store.me), 'data-do': 'become', 'data-person': u.key, 'data-key': u.id },
        avatar(u, 28), el('span', {}, el('strong', {}, u.real_name), el('small', {}, u.role)), u.id === store.me ? icon('check', 16) : null))));
}
