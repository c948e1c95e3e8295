// The message box: Enter sends, Shift+Enter breaks the line, @ # : and / offer completions.

import { act } from './api.js';
import { el, fill } from './dom.js';
import { emoji, NAMES, QUICK } from './emoji.js';
import { icon } from './icons.js';
import { avatar } from './message.js';
import { channel, store } from './store.js';
import { toast } from './toasts.js';

const TRIGGER = /(?:^|\s)([@#:])([\w.+-]{0,30}(?: [\w.]{0,20})?)$/;
const MAX_OFFERS = 7;
const drafts = new Map();

/** A message box; `aim` says where it sends to, `onSend` is told when something goes there. */
export function composer(kind, onSend = () => {}) {
  const where = { channel: '', thread: '' };
  const menu = el('ul', { class: 'offers', role: 'listbox', id: `${kind}-offers`, 'aria-label': 'Suggestions', hidden: true });
  const input = el('textarea', {
    id: kind === 'channel' ? 'composer-text' : 'thread-text', rows: '1', 'aria-label': 'Message', 'aria-autocomplete': 'list', 'aria-controls': `${kind}-offers`, spellcheck: 'true',
  });
  const send = el('button', { type: 'submit', class: 'send', 'aria-label': 'Send' }, icon('send', 18));
  const insert = (text, label, name) => el('button', { type: 'button', class: 'icon-button', 'aria-label': label, title: label, 'data-insert': text }, name);
  const node = el('form', { class: 'composer', autocomplete: 'off' }, menu, input,
    el('div', { class: 'composer-bar' },
      insert('@', 'Mention somebody', '@'), insert('#', 'Link a channel', icon('hash', 16)), insert(':', 'Emoji', icon('smile', 17)),
      kind === 'channel' ? insert('/', 'Run a command or shortcut', icon('command', 17)) : null, el('span', { class: 'grow' }), send));
  const offers = completion(input, menu, () => kind === 'channel');

  const grow = () => {
    if (!CSS.supports('field-sizing', 'content')) {
      input.style.height = 'auto';
      input.style.height = `${Math.min(Math.max(input.scrollHeight, 38), 220)}px`;
    }
    send.disabled = !input.value.trim();
  };
  input.addEventListener('input', () => {
    grow();
    drafts.set(key(where), input.value);
    offers.update();
  });
  input.addEventListener('keydown', (event) => {
    if (event.isComposing || offers.key(event)) return;
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault();
      node.requestSubmit();
    }
  });
  input.addEventListener('blur', () => setTimeout(offers.close, 150));
  node.addEventListener('click', (event) => {
    const text = event.target.closest('[data-insert]')?.dataset.insert;
    if (!text) return;
    input.focus();
    const gap = text !== '/' && input.value && !/\s$/.test(input.value.slice(0, input.selectionStart)) ? ' ' : '';
    input.setRangeText(gap + text, text === '/' ? 0 : input.selectionStart, text === '/' ? input.value.length : input.selectionEnd, 'end');
    input.dispatchEvent(new Event('input', { bubbles: true }));
    if (text === ':') offers.quick();
  });
  node.addEventListener('submit', async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (!text) return;
    input.value = '';
    drafts.delete(key(where));
    grow();
    onSend();
    if (!(await submit(text, where))) {
      input.value = input.value || text;
      grow();
    }
  });
  grow();
  return {
    node,
    aim(channelId, thread, placeholder) {
      if (where.channel === channelId && where.thread === thread) return;
      Object.assign(where, { channel: channelId, thread });
      input.placeholder = placeholder;
      input.setAttribute('aria-label', placeholder);
      input.value = drafts.get(key(where)) || '';
      grow();
    },
  };
}

const key = (where) => `${store.me} ${where.channel} ${where.thread}`;

async function submit(text, where) {
  const command = /^\/(\S+)\s*([\s\S]*)$/.exec(text);
  const answer = command
    ? await act('commands', { channel: where.channel, command: command[1], text: command[2], thread_ts: where.thread || undefined })
    : await act('messages', { channel: where.channel, text, thread_ts: where.thread || undefined });
  if (!answer.ok) {
    toast(answer.message, 'warning');
    return false;
  }
  if (command && !answer.acknowledged) toast(`/${command[1]} failed: ${store.app.name} did not answer in time.`, 'warning');
  if (answer.outsiders?.length) offerInvitation(answer, where);
  return true;
}

function offerInvitation(answer, where) {
  const room = channel(where.channel);
  for (const id of answer.outsiders) {
    const name = store.users.get(id)?.real_name || id;
    toast(`${name} is not in #${room.name}, so the mention does not reach them.`, 'info', {
      label: `Add ${name}`,
      run: () => act('channels/invite', { channel: where.channel, user: id, message_ts: answer.ts }),
    });
  }
}

function completion(input, menu, allowsCommands) {
  let rows = [];
  let at = 0;
  let from = 0;
  const close = () => {
    rows = [];
    menu.hidden = true;
    input.removeAttribute('aria-activedescendant');
  };
  const draw = () => {
    fill(menu, rows.map((row, i) => {
      const item = el('li', { id: `${menu.id}-${i}`, class: 'offer', role: 'option', 'aria-selected': String(i === at) }, row.mark, el('strong', {}, row.label), el('span', { class: 'muted' }, row.hint));
      item.addEventListener('pointerdown', (event) => {
        event.preventDefault();
        choose(i);
      });
      return item;
    }));
    menu.hidden = !rows.length;
    if (rows.length) input.setAttribute('aria-activedescendant', `${menu.id}-${at}`);
  };
  const choose = (i) => {
    const { run } = rows[i];
    if (run) {
      input.value = '';
      input.dispatchEvent(new Event('input', { bubbles: true }));
      run();
      return;
    }
    input.setRangeText(`${rows[i].text} `, from, input.selectionStart, 'end');
    close();
    input.dispatchEvent(new Event('input', { bubbles: true }));
    close();
  };
  const update = () => {
    const before = input.value.slice(0, input.selectionStart);
    const command = allowsCommands() && /^\/(\S*)$/.exec(before);
    const match = command ? null : TRIGGER.exec(before);
    at = 0;
    if (command) {
      from = 0;
      rows = [...commands(command[1]), ...shortcuts(command[1])];
    } else if (match) {
      from = before.length - match[2].length - 1;
      rows = OFFERS[match[1]](match[2].toLowerCase());
    } else rows = [];
    draw();
  };
  const keys = {
    ArrowDown: () => { at = (at + 1) % rows.length; draw(); },
    ArrowUp: () => { at = (at + rows.length - 1) % rows.length; draw(); },
    Enter: () => choose(at),
    Tab: () => choose(at),
    Escape: close,
  };
  return {
    update,
    /** What is offered when somebody asked for an emoji and has not typed its name yet. */
    quick() {
      from = input.selectionStart - 1;
      rows = QUICK.slice(0, MAX_OFFERS).map(named);
      draw();
    },
    close,
    key(event) {
      if (!rows.length || !keys[event.key]) return false;
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
      return true;
    },
  };
}

const OFFERS = {
  '@': (typed) => [...store.users.values()]
    .filter((u) => u.real_name.toLowerCase().startsWith(typed) || u.name.startsWith(typed) || u.real_name.toLowerCase().includes(` ${typed}`))
    .slice(0, MAX_OFFERS)
    .map((u) => ({ text: `@${u.real_name}`, label: u.real_name, hint: u.is_bot ? 'app' : u.role, mark: avatar(u, 22) })),
  '#': (typed) => [...store.channels.values()]
    .filter((c) => !c.is_im && c.name.includes(typed))
    .slice(0, MAX_OFFERS)
    .map((c) => ({ text: `#${c.name}`, label: c.name, hint: c.topic?.value || '', mark: icon('hash', 16) })),
  ':': (typed) => (typed.length < 2 ? [] : NAMES.filter((n) => n.includes(typed))
    .sort((a, b) => a.indexOf(typed) - b.indexOf(typed))
    .slice(0, MAX_OFFERS)
    .map(named)),
};

function named(name) {
  return { text: `:${name}:`, label: `:${name}:`, hint: '', mark: el('span', { class: 'emoji' }, emoji(name)) };
}

const shortcuts = (typed) => store.app.shortcuts
  .filter((s) => s.type === 'global' && s.name.toLowerCase().includes(typed.toLowerCase()))
  .map((s) => ({ label: s.name, hint: s.description, mark: icon('bolt', 16), run: () => useShortcut({ callback_id: s.callback_id }) }));

/** A shortcut from anywhere, or on the message that is named. */
export async function useShortcut(body) {
  const answer = await act('shortcuts', body);
  if (!answer.ok) toast(answer.message, 'warning');
  else if (!answer.acknowledged) toast(`${store.app.name} did not answer that shortcut in time.`, 'warning');
}

const commands = (typed) => store.app.commands
  .filter((c) => c.command.slice(1).startsWith(typed))
  .map((c) => ({ text: c.command, label: `${c.command} ${c.usage_hint}`, hint: c.description, mark: icon('command', 16) }));
