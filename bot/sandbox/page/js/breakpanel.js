// The tool beside the client: break something in the local cloud, and watch the alarmed metric.

import { act, ask } from './api.js';
import { short, sparkline } from './charts.js';
import { ago } from './dates.js';
import { el, morph } from './dom.js';
import { icon } from './icons.js';
import { go } from './route.js';
import { channel, store } from './store.js';
import { toast } from './toasts.js';

const box = document.getElementById('panel');
const PULSE_MS = 2000;
const MAX_FAULTS = 2;
const choice = { application: '', faults: [], seed: '', onset: '' };
let menu = null;
let pulse = null;
let busy = false;
let done = '';
let open = sessionStorage.getItem('panel') !== 'closed' && innerWidth > 1100;

export function drawPanel() {
  document.body.classList.toggle('with-panel', open);
  const fresh = el('aside', { id: 'panel', 'aria-label': 'Break something: a tool of the local stand-in', class: open ? 'open' : 'rail' }, open || document.body.dataset.view === 'panel' ? whole() : rail());
  morph(box, fresh);
}

const rail = () => el('button', { type: 'button', class: 'rail-button', 'data-panel': 'toggle', 'aria-expanded': 'false', 'data-key': 'rail' }, icon('bolt', 20), el('span', {}, 'Break something'));

function whole() {
  return el('div', { class: 'tool', 'data-key': 'whole' },
    el('header', {}, el('div', {}, el('h2', {}, icon('bolt', 18), 'Break something'), el('p', {}, 'This is the local stand-in, not Slack.')),
      el('button', { type: 'button', class: 'icon-button not-narrow', 'data-panel': 'toggle', 'aria-expanded': 'true', 'aria-label': 'Fold this tool away' }, icon('close', 18)),
      el('button', { type: 'button', class: 'icon-button only-narrow', 'data-do': 'showChannel', 'aria-label': 'Back to the channel' }, icon('back', 20))),
    el('div', { class: 'tool-body' }, current(), form()),
    menu && store.cloud ? el('div', { class: 'tool-go', 'data-key': 'go' }, goButton()) : null,
    el('footer', {}, el('span', { class: store.connections ? 'dot on' : 'dot' }), store.connections ? `${store.app.name} is connected (${store.connections} socket${store.connections > 1 ? 's' : ''})` : `${store.app.name} is not connected`));
}

function current() {
  const one = store.case;
  if (!one) return null;
  const room = channel(one.channel);
  const alert = one.alert || {};
  return el('section', { class: 'case', 'data-key': 'case', 'aria-label': 'Current case' },
    el('div', { class: 'case-head' }, el('strong', {}, alert.alarm || alert.title || 'Alarm'), stateBadge()),
    el('div', { class: 'muted small' }, [one.application, ...(one.faults || [])].filter(Boolean).map(faultTitle).join(' · ')),
    live(),
    el('div', { class: 'case-foot' }, el('span', { class: 'muted small' }, `broken ${ago(one.since)}`),
      room ? el('button', { type: 'button', class: 'button small', 'data-do': 'openChannel', 'data-channel': room.id }, 'Open channel') : null),
    el('div', { class: 'harder', 'data-key': 'harder' },
      harder('mislead', 'Mislead it', `You say in the channel, quite sure of it, what it is not. ${store.app.name} is not told.`),
      store.crew ? harder('kill', 'Kill the worker', 'The process that works on it is ended at once, as if its machine had failed.') : null),
    done ? el('p', { class: 'note', role: 'status', 'data-key': 'done' }, done) : null);
}

const harder = (name, label, title) => el('button', { type: 'button', class: 'button small', title, 'data-harder': name, disabled: busy }, label);
const DONE = {
  mislead: (answer) => `Said: “${answer.hint.text}”`,
  kill: (answer) => `Process ${answer.pid} is gone. ${store.app.name} goes on where it was.`,
};

function stateBadge() {
  const state = String(pulse?.state || '').toUpperCase();
  if (!state) return null;
  return el('span', { class: `state ${state === 'ALARM' ? 'alarm' : state === 'OK' ? 'ok' : ''}` }, state === 'OK' ? 'OK' : state.toLowerCase().replaceAll('_', ' '));
}

function live() {
  if (!pulse) return el('div', { class: 'spark-empty' }, 'Waiting for the metric…');
  const { values, threshold, value, unit, name } = readPulse(pulse);
  const number = Number.isFinite(value) ? `${short(value)}${unit ? ` ${unit}` : ''}` : 'no data';
  return el('div', { class: 'live' },
    el('div', { class: 'live-head' }, el('span', { class: 'muted small' }, name), el('strong', {}, number)),
    sparkline(values, threshold, `${name}: ${number}`),
    Number.isFinite(threshold) ? el('div', { class: 'muted small' }, `alarm above ${short(threshold)}${unit ? ` ${unit}` : ''}`) : null);
}

/** The cloud may name a point `[time, value]` or `{at, value}`; both are read. */
export function readPulse(raw) {
  const points = raw.points || raw.values || [];
  const values = points.map((p) => (Array.isArray(p) ? p[1] : typeof p === 'object' && p ? p.value ?? p.v : p)).map((v) => (v === null || v === undefined ? NaN : Number(v)));
  const last = values.filter(Number.isFinite).at(-1);
  return {
    values,
    value: Number(raw.value ?? last),
    threshold: raw.threshold === null || raw.threshold === undefined ? NaN : Number(raw.threshold),
    unit: raw.unit && raw.unit !== 'None' ? raw.unit : '',
    name: [raw.service, raw.metric?.name || raw.metric || raw.name, raw.statistic].filter(Boolean).join(' ') || 'alarmed metric',
  };
}

function form() {
  if (!store.cloud) return el('p', { class: 'note', 'data-key': 'none' }, 'No local cloud is connected, so there is nothing to break. Start the stand-in with --cloud.');
  if (!menu) return el('p', { class: 'note', 'data-key': 'loading' }, 'Asking the local cloud what can be broken…');
  return el('form', { class: 'wish', id: 'wish', 'data-key': 'wish' },
    el('fieldset', {}, el('legend', {}, 'Application'), el('div', { class: 'pills' }, menu.applications.map((a) => pill(a)))),
    el('fieldset', {}, el('legend', {}, 'Fault', el('small', {}, ' one, or two at once')), el('div', { class: 'faults' }, faultsHere().map(faultCard))),
    el('details', { class: 'fine' }, el('summary', {}, 'Seed and onset'),
      el('div', { class: 'pair' }, number('seed', 'Seed', 'any'), number('onset', 'Onset, minutes ago', 'the cloud chooses'))));
}

const goButton = () => el('button', { type: 'submit', form: 'wish', class: 'break', disabled: busy || !choice.faults.length }, icon('bolt', 18), busy ? 'Breaking…' : 'Break it');

const pill = (a) => el('label', { class: 'pill', 'data-key': a.id, title: a.line || null },
  el('input', { type: 'radio', name: 'application', value: a.id, checked: choice.application === a.id }), el('span', {}, a.title));

const faultsHere = () => menu.faults.filter((f) => !f.applications.length || f.applications.includes(choice.application));

function faultCard(f) {
  const on = choice.faults.includes(f.id);
  return el('label', { class: on ? 'fault on' : 'fault', 'data-key': f.id },
    el('input', { type: 'checkbox', name: 'fault', value: f.id, checked: on, disabled: !on && choice.faults.length >= MAX_FAULTS }),
    el('span', {}, el('strong', {}, f.title), f.line ? el('small', {}, f.line) : null));
}

const number = (name, label, placeholder) => el('label', {}, label, el('input', { class: 'input', type: 'number', name, min: '0', placeholder, value: choice[name] }));

const words = (id) => String(id).replace(/[-_.]+/g, ' ').replace(/^./, (c) => c.toUpperCase());
const faultTitle = (id) => [...(menu?.faults || []), ...(menu?.applications || [])].find((row) => row.id === id)?.title || words(id);

function readRow(raw) {
  if (typeof raw !== 'object') return { id: String(raw), title: words(raw), line: '', applications: [] };
  const id = String(raw.id ?? raw.name ?? raw.key ?? '');
  const line = raw.about || raw.line || raw.description || raw.summary || '';
  return { id, title: raw.title || raw.label || words(id), line, applications: raw.fits || raw.applications || [] };
}

const rowsOf = (answer, name) => (Array.isArray(answer) ? answer : answer?.[name] || []).map(readRow);

async function loadMenu() {
  const answer = await ask('cloud');
  if (!answer.ok) return setTimeout(loadMenu, 3000);
  menu = { applications: rowsOf(answer.applications, 'applications'), faults: rowsOf(answer.faults, 'faults') };
  choice.application ||= store.case?.application || menu.applications[0]?.id || '';
  return drawPanel();
}

async function watchPulse() {
  if (store.cloud && store.case && !document.hidden) {
    const answer = await ask('pulse').catch(() => null);
    pulse = answer?.ok ? answer.pulse : pulse;
    drawPanel();
  }
  setTimeout(watchPulse, PULSE_MS);
}

/** Start the tool, once the state is there. */
export function startPanel() {
  drawPanel();
  if (store.cloud) loadMenu();
  setTimeout(watchPulse, 200);
}

box.addEventListener('click', (event) => {
  if (!event.target.closest('[data-panel=toggle]')) return;
  open = !open;
  sessionStorage.setItem('panel', open ? 'open' : 'closed');
  drawPanel();
});

box.addEventListener('click', async (event) => {
  const name = event.target.closest('[data-harder]')?.dataset.harder;
  if (!name) return;
  busy = true;
  drawPanel();
  const answer = await act(name, {});
  busy = false;
  done = answer.ok ? DONE[name](answer) : '';
  if (!answer.ok) toast(answer.message, 'warning');
  drawPanel();
});

box.addEventListener('change', (event) => {
  const { name, value, checked } = event.target;
  if (name === 'application') {
    choice.application = value;
    choice.faults = choice.faults.filter((id) => faultsHere().some((f) => f.id === id));
  } else if (name === 'fault') choice.faults = checked ? [...choice.faults, value] : choice.faults.filter((id) => id !== value);
  else if (name in choice) choice[name] = value;
  drawPanel();
});

box.addEventListener('submit', async (event) => {
  event.preventDefault();
  busy = true;
  pulse = null;
  done = '';
  drawPanel();
  const wish = { application: choice.application, faults: choice.faults };
  if (choice.seed !== '') wish.seed = Number(choice.seed);
  if (choice.onset !== '') wish.onset_minutes = Number(choice.onset);
  const answer = await act('break', wish);
  busy = false;
  if (!answer.ok) toast(answer.message, 'warning');
  else {
    document.body.dataset.view = 'channel';
    setTimeout(() => go({ channel: answer.channel, thread: '', tab: 'messages' }), 150);
  }
  drawPanel();
});

