// What this page knows: the workspace as one person sees it, kept current by the server's stream.

import { setAhead } from './dates.js';

const listeners = new Set();

export const store = {
  me: '',
  team: { name: '' },
  app: { commands: [], shortcuts: [], prompts: [] },
  users: new Map(),
  channels: new Map(),
  ephemerals: [],
  modals: [],
  home: null,
  statuses: new Map(),
  prompts: new Map(),
  connections: 0,
  cloud: false,
  crew: false,
  case: null,
  seq: 0,
};

/** Be told of every change: `listener(kind, notice)`. */
export function listen(listener) {
  listeners.add(listener);
}

export function announce(kind, notice = {}) {
  listeners.forEach((listener) => listener(kind, notice));
}

export const user = (id) => store.users.get(id);
export const me = () => store.users.get(store.me);
export const channel = (id) => store.channels.get(id);
export const threadKey = (channelId, ts) => `${channelId} ${ts}`;

/** How a user or the integration behind a message is called. */
export function author(message) {
  const known = user(message.user);
  return {
    id: message.user || message.bot_id || '',
    name: message.username || known?.real_name || message.bot_profile?.name || 'Unknown',
    initials: known?.initials || initials(message.username || message.bot_profile?.name || '?'),
    color: known?.color || botColor(message.bot_id),
    isBot: Boolean(message.bot_id || known?.is_bot),
  };
}

export function channelTitle(one) {
  if (!one.is_im) return one.name;
  return user(one.user)?.real_name || 'Direct message';
}

/** Replies of a message, its own private ones included, oldest first. */
export function replies(channelId, ts) {
  const posted = [...channel(channelId).messages.values()].filter((m) => m.thread_ts === ts && m.ts !== ts);
  const whispered = store.ephemerals.filter((m) => m.channel === channelId && m.thread_ts === ts);
  return [...posted, ...whispered].sort(byTime);
}

/** What stands in the channel itself: roots, broadcast replies, and private messages outside threads. */
export function roots(channelId) {
  const one = channel(channelId);
  const posted = [...one.messages.values()].filter(
    (m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === 'thread_broadcast',
  );
  const whispered = store.ephemerals.filter((m) => m.channel === channelId && !m.thread_ts);
  return [...posted, ...whispered].sort(byTime);
}

/** Take in everything at once. */
export function load(state) {
  setAhead(state.ahead);
  store.seq = state.seq;
  store.me = state.me;
  store.team = state.team;
  store.app = state.app;
  store.users = new Map(state.users.map((u) => [u.id, u]));
  store.channels = new Map(state.channels.map((c) => [c.id, withMessages(c, c.messages)]));
  store.ephemerals = state.ephemerals[state.me] || [];
  store.modals = state.modals[state.me] || [];
  store.home = state.homes[state.me] || null;
  store.statuses = new Map(state.statuses.map((s) => [threadKey(s.channel, s.thread_ts), s]));
  store.connections = state.connections;
  store.cloud = state.cloud;
  store.crew = state.crew;
  store.case = state.case;
  announce('everything');
}

const TAKE = {
  message(notice) {
    const one = channel(notice.channel);
    if (!one) return false;
    const isNew = !one.messages.has(notice.message.ts);
    one.messages.set(notice.message.ts, notice.message);
    notice.isNew = isNew;
    return true;
  },
  removed(notice) {
    channel(notice.channel)?.messages.delete(notice.ts);
    store.ephemerals = store.ephemerals.filter((m) => m.ts !== notice.ts);
    return true;
  },
  ephemeral(notice) {
    const message = { ...notice.message, channel: notice.channel };
    const at = store.ephemerals.findIndex((m) => m.ts === message.ts);
    if (at < 0) store.ephemerals.push(message);
    else store.ephemerals[at] = message;
    return true;
  },
  channel(notice) {
    const known = channel(notice.channel.id);
    store.channels.set(notice.channel.id, withMessages(notice.channel, known ? [...known.messages.values()] : []));
    return true;
  },
  views(notice) {
    store.modals = notice.modals;
    store.home = notice.home;
    return true;
  },
  status(notice) {
    const key = threadKey(notice.channel, notice.thread_ts);
    if (notice.text) store.statuses.set(key, notice);
    else store.statuses.delete(key);
    return true;
  },
  prompts(notice) {
    store.prompts.set(notice.channel, notice);
    return true;
  },
  clock(notice) {
    setAhead(notice.ahead);
    return true;
  },
  sockets(notice) {
    store.connections = notice.count;
    return true;
  },
  case(notice) {
    store.case = notice.case;
    return true;
  },
  failed: () => true,
  reset: () => true,
};

/** Take in one notice of the stream; notices that `load` already knew are skipped. */
export function take(notice) {
  if (notice.seq <= store.seq || !TAKE[notice.kind]) return;
  store.seq = notice.seq;
  if (TAKE[notice.kind](notice)) announce(notice.kind, notice);
}

function withMessages(card, messages) {
  const isMember = card.members.includes(store.me);
  // The card is written for the app; for a direct message the page wants the other person.
  const other = card.is_im ? card.members.find((id) => id !== store.me) : undefined;
  return { ...card, is_member: isMember, user: other, messages: new Map(messages.map((m) => [m.ts, m])) };
}

const byTime = (a, b) => Number(a.ts) - Number(b.ts);
const initials = (name) => name.split(/\s+/).slice(0, 2).map((word) => word[0] || '').join('');

function botColor(botId) {
  const owner = [...store.users.values()].find((u) => u.bot_id && u.bot_id === botId);
  return owner?.color || '#5b6770';
}
