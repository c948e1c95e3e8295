// Where this page looks: who one is, which channel, which thread. Kept in the address, so that links and reloads work.

import { announce, store, threadKey } from './store.js';

export const route = { channel: '', thread: '', tab: 'messages', focus: '' };
const lastRead = new Map();

/** Read the address: `#as=ben&channel=C…&thread=1234.5678`, or a permalink `/archives/C…/p12345678`. */
export function readAddress() {
  const hash = new URLSearchParams(location.hash.slice(1));
  const permalink = /^\/archives\/([A-Z0-9]+)(?:\/p(\d+))?/.exec(location.pathname);
  const ts = permalink?.[2] ? `${permalink[2].slice(0, -6)}.${permalink[2].slice(-6)}` : '';
  return {
    as: hash.get('as') || sessionStorage.getItem('as') || 'alice',
    channel: hash.get('channel') || permalink?.[1] || '',
    thread: hash.get('thread') || new URLSearchParams(location.search).get('thread_ts') || '',
    tab: hash.get('tab') || 'messages',
    focus: ts,
  };
}

/** Go somewhere. */
export function go(change) {
  leave();
  Object.assign(route, change);
  enter();
  writeAddress();
  announce('route');
}

export function writeAddress() {
  const words = { as: store.users.get(store.me)?.key || '', channel: route.channel, thread: route.thread };
  if (route.tab !== 'messages') words.tab = route.tab;
  const hash = new URLSearchParams(Object.entries(words).filter(([, value]) => value)).toString();
  history.replaceState(null, '', `/#${hash}`);
  sessionStorage.setItem('as', words.as);
}

/** The channel one starts in: the asked one, else the busiest of those one is in. */
export function firstChannel(wanted) {
  const known = [...store.channels.values()];
  const asked = known.find((c) => c.id === wanted || c.name === wanted);
  return (asked || known.find((c) => c.name === 'incidents') || known[0])?.id || '';
}

// Unread: what arrived in a channel after this person last looked at its end.

export function markAllRead() {
  lastRead.clear();
  store.channels.forEach((c) => lastRead.set(c.id, newest(c)));
}

export function markRead(channelId) {
  const one = store.channels.get(channelId);
  if (one) lastRead.set(channelId, newest(one));
}

export const readUpTo = (channelId) => lastRead.get(channelId) || '0';

/** How many unread messages, and how many of them name this person. */
export function unread(one) {
  const after = Number(lastRead.get(one.id) || 0);
  const fresh = [...one.messages.values()].filter((m) => Number(m.ts) > after && m.user !== store.me && !isReply(m));
  const named = fresh.filter((m) => one.is_im || (m.text || '').includes(`<@${store.me}>`)).length;
  return { count: fresh.length, named };
}

const isReply = (m) => m.thread_ts && m.thread_ts !== m.ts;
const newest = (one) => [...one.messages.keys()].reduce((a, b) => (Number(a) > Number(b) ? a : b), '0');
let divider = { channel: '', ts: '' };

/** Where the line "New" stands in the channel one is in; `null` where everything was read before. */
export const newLine = () => (divider.channel === route.channel ? divider.ts : null);

export function placeNewLine(channelId, ts) {
  divider = { channel: channelId, ts };
}

function leave() {
  if (route.channel && route.tab === 'messages' && !document.hidden) markRead(route.channel);
}

function enter() {
  const one = store.channels.get(route.channel);
  if (!one || divider.channel === route.channel) return;
  const after = Number(readUpTo(route.channel));
  const first = [...one.messages.values()].find((m) => Number(m.ts) > after && m.user !== store.me && !isReply(m));
  divider = { channel: route.channel, ts: after && first ? first.ts : null };
}

export const isOpen = (channelId, ts) => threadKey(channelId, ts) === threadKey(route.channel, route.thread);
