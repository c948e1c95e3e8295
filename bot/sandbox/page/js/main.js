// Starts the page: loads the state, listens to the stream, and redraws what a notice concerns.

import { ask } from './api.js';
import './actions.js';
import { drawPanel, startPanel } from './breakpanel.js';
import { drawChannel, drawChannelComposer, list } from './channelpane.js';
import { drawModal } from './modal.js';
import { firstChannel, go, markAllRead, markRead, newLine, placeNewLine, readAddress, route, writeAddress } from './route.js';
import { drawSidebar } from './sidebar.js';
import { channel, listen, load, store, take } from './store.js';
import { drawThread, drawThreadComposer, threadList } from './threadpane.js';

const REDRAW = {
  everything: [drawSidebar, drawChannel, drawChannelComposer, drawThread, drawThreadComposer, drawModal, drawPanel],
  route: [drawSidebar, drawChannel, drawChannelComposer, drawThread, drawThreadComposer, drawPanel],
  message: [drawSidebar, drawChannel, drawThread],
  removed: [drawChannel, drawThread],
  ephemeral: [drawChannel, drawThread],
  channel: [drawSidebar, drawChannel, drawThread],
  views: [drawModal, drawChannel],
  status: [drawChannel, drawThread],
  prompts: [drawChannel],
  sockets: [drawSidebar, drawPanel],
  case: [drawPanel],
  clock: [drawChannel, drawThread, drawPanel],
};

let source = null;
const wanted = new Set();

// Several notices within one frame are one redraw.
listen((kind, notice) => {
  if (kind === 'reset') become(store.users.get(store.me)?.key || 'alice');
  if (kind === 'message' && notice.isNew) arrived(notice);
  if (!wanted.size) requestAnimationFrame(redraw);
  (REDRAW[kind] || []).forEach((draw) => wanted.add(draw));
});

function redraw() {
  const all = [...wanted];
  wanted.clear();
  all.forEach((draw) => draw());
}

function arrived({ channel: id, message }) {
  const isReply = message.thread_ts && message.thread_ts !== message.ts;
  if (id !== route.channel || isReply) return;
  if (message.user === store.me) placeNewLine(id, null);
  else if ((document.hidden || !list.follows) && !newLine()) placeNewLine(id, message.ts);
  if (!document.hidden && list.follows) markRead(id);
}

async function become(key, address = {}) {
  source?.close();
  const state = await ask(`state?person=${encodeURIComponent(key)}`);
  if (!state.ok) return become('alice', address);
  load(state);
  markAllRead();
  const id = firstChannel(address.channel || route.channel);
  const thread = channel(id)?.messages.has(address.thread || route.thread) ? address.thread || route.thread : '';
  go({ channel: id, thread, tab: address.tab || 'messages' });
  writeAddress();
  if (address.focus) setTimeout(() => (thread ? threadList : list).reveal(address.focus), 80);
  follow();
  return undefined;
}

/** Listen to the stream; what happened between loading and listening is fetched again. */
function follow() {
  source = new EventSource(`/_slack/stream?person=${encodeURIComponent(store.me)}`);
  source.onmessage = async ({ data }) => {
    const notice = JSON.parse(data);
    if (notice.kind !== 'hello') take(notice);
    else if (notice.seq !== store.seq) {
      const state = await ask(`state?person=${encodeURIComponent(store.me)}`);
      if (state.ok) load(state);
    }
    document.body.dataset.ready = 'yes';
  };
}

document.addEventListener('become', ({ detail }) => become(detail));
document.addEventListener('visibilitychange', () => {
  if (!document.hidden && list.follows) markRead(route.channel);
  drawSidebar();
});
list.onEnd = () => {
  if (!document.hidden) markRead(route.channel);
};
// "2 minutes ago" grows old while nobody writes.
setInterval(() => [drawChannel, drawThread].forEach((draw) => draw()), 30_000);

const address = readAddress();
await become(address.as, address);
startPanel();
