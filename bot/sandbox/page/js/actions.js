// One listener for everything that can be clicked: `data-do` names what happens.

import { act } from './api.js';
import { useShortcut } from './composer.js';
import { el, fill } from './dom.js';
import { fieldValue } from './elements.js';
import { emoji, NAMES, QUICK } from './emoji.js';
import { icon } from './icons.js';
import { avatar } from './message.js';
import { ask, askField, confirm, pressFailed } from './modal.js';
import { go, route } from './route.js';
import { channel, me, store, user } from './store.js';
import { toast } from './toasts.js';

const MAX_FOUND = 24;
const popover = document.getElementById('popover');
const view = (name) => { document.body.dataset.view = name; };

const DO = {
  openChannel({ channel: id }) {
    view('channel');
    go({ channel: id, thread: '', tab: 'messages' });
  },
  async openApp() {
    const answer = await act('home', { tab: store.app.home_tab ? 'home' : 'messages' });
    view('channel');
    await waitFor(() => channel(answer.channel));
    go({ channel: answer.channel, thread: '', tab: store.app.home_tab ? 'home' : 'messages' });
  },
  tab({ tab }) {
    act('home', { tab });
    go({ tab });
  },
  openThread({ channel: id, message }) {
    const root = channel(id).messages.get(message)?.thread_ts || message;
    view('thread');
    go({ channel: id, thread: root });
    // The pane appears with the next frame; what is hidden takes no focus.
    requestAnimationFrame(() => document.getElementById('thread-text').focus({ preventScroll: true }));
  },
  closeThread() {
    view('channel');
    go({ thread: '' });
  },
  showSidebar: () => view('sidebar'),
  showPanel: () => view('panel'),
  showChannel: () => view('channel'),
  become({ person }) {
    document.dispatchEvent(new CustomEvent('become', { detail: person }));
  },
  press,
  react: ({ channel: id, message, name }) => act('reactions', { channel: id, ts: message, name }),
  pickReaction(data, node) {
    const choose = (name) => el('button', { type: 'button', class: 'icon-button', 'aria-label': name.replaceAll('_', ' '), title: `:${name}:`, 'data-do': 'react', 'data-name': name, 'data-message': data.message, 'data-channel': data.channel }, emoji(name));
    const rows = el('div', { class: 'picker-rows', role: 'group', 'aria-label': 'Reactions' }, QUICK.map(choose));
    const search = el('input', { class: 'input', type: 'search', placeholder: 'Find an emoji', 'aria-label': 'Find an emoji' });
    search.addEventListener('input', () => {
      const typed = search.value.trim().toLowerCase().replaceAll(' ', '_');
      fill(rows, (typed ? NAMES.filter((name) => name.includes(typed)).slice(0, MAX_FOUND) : QUICK).map(choose));
    });
    openPopover(node, el('div', { class: 'picker' }, search, rows));
  },
  openMenu(data, node) {
    const one = channel(data.channel).messages.get(data.message);
    const item = (label, action, name, more = {}) => el('button', { type: 'button', class: 'menu-item', role: 'menuitem', 'data-do': action, 'data-message': data.message, 'data-channel': data.channel, ...more }, icon(name, 16), label);
    const shortcuts = store.app.shortcuts.filter((s) => s.type === 'message')
      .map((s) => item(s.name, 'shortcut', 'bolt', { 'data-callback': s.callback_id }));
    openPopover(node, el('div', { class: 'menu-list static', role: 'menu' },
      shortcuts, shortcuts.length ? el('hr') : null,
      item('Copy link', 'copyLink', 'link'),
      one.user === store.me ? item('Edit message', 'editMessage', 'pencil') : null,
      item('Delete message', 'deleteMessage', 'trash')));
  },
  shortcut: ({ channel: id, message, callback }) => useShortcut({ channel: id, message_ts: message, callback_id: callback }),
  copyLink({ channel: id, message }) {
    navigator.clipboard?.writeText(`${location.origin}/archives/${id}/p${message.replace('.', '')}`);
    toast('Link copied.');
  },
  async editMessage({ channel: id, message }) {
    const one = channel(id).messages.get(message);
    const field = el('textarea', { class: 'input', name: 'text', rows: '4', value: one.text, 'aria-label': 'Message' });
    const answer = await ask({ title: 'Edit message', body: field, yes: 'Save' });
    if (answer) act('messages/edit', { channel: id, ts: message, text: answer.text });
  },
  async deleteMessage({ channel: id, message }) {
    const sure = await ask({ title: 'Delete message', body: el('p', {}, 'It is gone for everybody.'), yes: 'Delete', style: 'danger' });
    if (sure) act('messages/delete', { channel: id, ts: message });
  },
  dismiss: ({ channel: id, message }) => act('messages/delete', { channel: id, ts: message }),
  join: ({ channel: id }) => act('channels/join', { channel: id }),
  prompt: ({ channel: id, text }) => act('messages', { channel: id, text }),
  stopSession: ({ channel: id, message }) => act('stop', { channel: id, thread_ts: message }),
  closeView: ({ view: id, all }) => act('views/close', { view_id: id, all: all === 'yes' }),
  async newChannel() {
    const answer = await ask({ title: 'Create a channel', yes: 'Create', body: el('div', {}, askField('name', 'Name', { placeholder: 'inc-checkout-latency', required: true, pattern: '[a-z0-9_\\-]+' }), askField('topic', 'Topic (optional)')) });
    if (!answer) return;
    const made = await act('channels', answer);
    if (!made.ok) toast(made.message, 'warning');
    else if (await waitFor(() => channel(made.channel))) go({ channel: made.channel, thread: '', tab: 'messages' });
  },
  showMembers({ channel: id }, node) {
    const one = channel(id);
    const rows = one.members.map((member) => user(member)).filter(Boolean)
      .map((u) => el('li', {}, avatar(u, 24), el('span', {}, u.real_name), el('small', { class: 'muted' }, u.role)));
    const outside = [...store.users.values()].filter((u) => !one.members.includes(u.id));
    const invite = outside.map((u) => el('button', { type: 'button', class: 'menu-item', 'data-do': 'invite', 'data-channel': id, 'data-user': u.id }, icon('plus', 16), `Add ${u.real_name}`));
    const more = me().is_restricted || one.is_archived ? [] : [
      el('hr'),
      el('button', { type: 'button', class: 'menu-item', 'data-do': 'renameChannel', 'data-channel': id }, icon('pencil', 16), 'Rename channel'),
      el('button', { type: 'button', class: 'menu-item', 'data-do': 'archiveChannel', 'data-channel': id }, icon('file', 16), 'Archive channel'),
    ];
    openPopover(node, el('div', { class: 'menu-list static members' }, el('ul', {}, rows), invite.length ? el('hr') : null, invite, more));
  },
  invite: ({ channel: id, user: who }) => act('channels/invite', { channel: id, user: who }),
  async renameChannel({ channel: id }) {
    const answer = await ask({ title: 'Rename channel', yes: 'Rename', body: askField('name', 'Name', { value: channel(id).name, required: true }) });
    const done = answer && (await act('channels/rename', { channel: id, name: answer.name }));
    if (done && !done.ok) toast(done.message, 'warning');
  },
  archiveChannel: ({ channel: id }) => act('channels/archive', { channel: id }),
};

/** Press a button (or use any other element) of a message or view. */
async function press(data, node) {
  if (data.confirm && !(await confirm(JSON.parse(data.confirm)))) return;
  if (data.url) window.open(data.url, '_blank', 'noopener');
  node.closest('details.menu')?.removeAttribute('open');
  await use(data, data.choice, node);
}

async function use(data, choice, node) {
  const at = data.view ? { view_id: data.view } : { channel: data.channel, message_ts: data.message };
  node.setAttribute('aria-busy', 'true');
  const answer = await act('actions', { ...at, block_id: data.block, action_id: data.action, choice });
  node.removeAttribute('aria-busy');
  if (answer.ok && answer.acknowledged) return;
  if (answer.ok) pressFailed();
  else toast(answer.message, 'warning');
  node.classList.add('failed');
  node.setAttribute('title', 'This did not work');
  setTimeout(() => {
    node.classList.remove('failed');
    node.removeAttribute('title');
  }, 8000);
}

document.addEventListener('click', (event) => {
  const node = event.target.closest('[data-do]');
  const inPopover = event.target.closest('#popover');
  if (!inPopover || node) closePopover(node);
  for (const menu of document.querySelectorAll('details.menu[open]')) {
    if (!menu.contains(event.target)) menu.removeAttribute('open');
  }
  if (node && !node.disabled && node.getAttribute('aria-busy') !== 'true') DO[node.dataset.do]?.({ ...node.dataset }, node);
});

// Fields outside modals, and those that ask for it, report at once.
document.addEventListener('change', async (event) => {
  const field = event.target.closest('[data-field]');
  if (!field || (field.dataset.view && field.closest('.field') && field.dataset.dispatch !== 'yes')) return;
  if (field.closest('.field') && field.dataset.dispatch !== 'yes') return;
  if (field.dataset.confirm && !(await confirm(JSON.parse(field.dataset.confirm)))) return;
  use({ ...field.dataset }, fieldValue(field), field);
});

// Alt and an arrow go to the channel above or below.
document.addEventListener('keydown', (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!event.altKey || !step) return;
  event.preventDefault();
  const rooms = [...document.querySelectorAll('#sidebar .room[data-channel]')];
  const at = rooms.findIndex((room) => room.dataset.channel === route.channel);
  rooms[(at + step + rooms.length) % rooms.length]?.click();
});

document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape' || document.querySelector('dialog[open]')) return;
  if (!popover.hidden) {
    closePopover();
    anchorOf?.focus({ preventScroll: true });
  } else if (document.querySelector('details.menu[open]')) document.querySelector('details.menu[open]').removeAttribute('open');
  else if (route.thread) DO.closeThread();
});

// Arrows walk through what is in a menu.
popover.addEventListener('keydown', (event) => {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step || event.altKey || event.target.matches('input')) return;
  event.preventDefault();
  const items = [...popover.querySelectorAll('button')];
  items[(items.indexOf(document.activeElement) + step + items.length) % items.length]?.focus();
});

let anchorOf = null;

function openPopover(anchor, content) {
  const was = popover.dataset.for;
  const name = `${anchor.dataset.do} ${anchor.dataset.message || anchor.dataset.channel}`;
  if (was === name && !popover.hidden) return closePopover();
  fill(popover, content);
  popover.hidden = false;
  popover.dataset.for = name;
  anchorOf = anchor;
  const box = anchor.getBoundingClientRect();
  const { offsetWidth: w, offsetHeight: h } = popover;
  popover.style.left = `${Math.max(8, Math.min(box.right - w, innerWidth - w - 8))}px`;
  popover.style.top = `${box.bottom + h + 12 < innerHeight ? box.bottom + 6 : Math.max(8, box.top - h - 6)}px`;
  popover.querySelector('button')?.focus({ preventScroll: true });
  return undefined;
}

function closePopover(next) {
  if (next && ['pickReaction', 'openMenu', 'showMembers'].includes(next.dataset.do)) return;
  popover.hidden = true;
  popover.dataset.for = '';
}

/** Wait a little until the stream has brought something. */
async function waitFor(check) {
  for (let tries = 0; tries < 40; tries += 1) {
    if (check()) return true;
    await new Promise((resolve) => { setTimeout(resolve, 25); });
  }
  return false;
}
