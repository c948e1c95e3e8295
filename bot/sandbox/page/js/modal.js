// Modals the app opens, confirmation dialogs of its buttons, and the page's own small dialogs.

import { act } from './api.js';
import { blocks } from './blocks.js';
import { el, fill, morph } from './dom.js';
import { fieldValue } from './elements.js';
import { icon } from './icons.js';
import { avatar } from './message.js';
import { textObject } from './mrkdwn.js';
import { store } from './store.js';
import { toast } from './toasts.js';

const modal = document.getElementById('modal');
const confirmBox = document.getElementById('confirm');
let shown = '';

/** Show the topmost modal of this person, or none. */
export function drawModal() {
  const view = store.modals.at(-1);
  if (!view) {
    shown = '';
    if (modal.open) modal.close();
    return;
  }
  const fresh = form(view);
  if (shown === view.id && modal.firstElementChild) morph(modal.firstElementChild, fresh);
  else fill(modal, fresh);
  shown = view.id;
  if (!modal.open) modal.showModal();
}

function form(view) {
  const bot = store.users.get(store.app.user);
  const body = el('form', { class: 'view', 'data-key': view.id, 'data-view': view.id, novalidate: true },
    el('header', {}, avatar(bot, 24), el('h2', { id: 'modal-title' }, view.title?.text || ''),
      el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', 'data-do': 'closeView', 'data-view': view.id, 'data-all': 'yes' }, icon('close', 20))),
    el('div', { class: 'view-body' }, blocks(view.blocks, { 'data-view': view.id })),
    el('footer', {},
      el('span', { class: 'view-error', role: 'alert', 'data-keep': true }),
      el('button', { type: 'button', class: 'button', 'data-do': 'closeView', 'data-view': view.id }, view.close?.text || (store.modals.length > 1 ? 'Back' : 'Cancel')),
      view.submit ? el('button', { type: 'submit', class: 'button primary' }, view.submit.text) : null));
  return body;
}

modal.addEventListener('cancel', (event) => {
  event.preventDefault();
  const view = store.modals.at(-1);
  if (view) act('views/close', { view_id: view.id });
});

modal.addEventListener('submit', async (event) => {
  event.preventDefault();
  const box = event.target;
  const button = box.querySelector('[type=submit]');
  button?.setAttribute('aria-busy', 'true');
  const answer = await act('views/submit', { view_id: box.dataset.view, values: values(box) });
  button?.removeAttribute('aria-busy');
  showErrors(box, answer.errors || {});
  const failed = answer.ok ? !answer.acknowledged && !Object.keys(answer.errors || {}).length : true;
  const notice = box.querySelector('.view-error');
  if (notice) fill(notice, failed ? answer.message || `${store.app.name} did not answer in time. Try again.` : '');
});

/** Write what is wrong below each field, and go to the first. */
function showErrors(box, errors) {
  let first = null;
  box.querySelectorAll('[data-error]').forEach((place) => {
    const problem = errors[place.dataset.error] || '';
    const field = place.closest('.field')?.querySelector('input, select, textarea');
    fill(place, problem);
    if (problem) field?.setAttribute('aria-invalid', 'true');
    else field?.removeAttribute('aria-invalid');
    if (problem && !first) first = field;
  });
  first?.focus();
}

function values(box) {
  const all = {};
  box.querySelectorAll('[data-field]').forEach((field) => {
    const { block, action } = field.dataset;
    (all[block] ||= {})[action] = fieldValue(field);
  });
  return all;
}

/** Ask before a button is pressed, as its `confirm` object says. */
export function confirm(object) {
  return ask({
    title: object.title.text,
    body: el('p', {}, textObject(object.text)),
    yes: object.confirm?.text || 'Yes',
    no: object.deny?.text || 'No',
    style: object.style || 'primary',
  });
}

/** A small dialog of the page's own; resolves to the form's values, or `null`. */
export function ask({ title, body, yes, no = 'Cancel', style = 'primary' }) {
  return new Promise((resolve) => {
    const box = el('form', { class: 'view', method: 'dialog' },
      el('header', {}, el('h2', { id: 'confirm-title' }, title)),
      el('div', { class: 'view-body' }, body),
      el('footer', {}, el('button', { type: 'button', class: 'button', value: 'no' }, no), el('button', { type: 'submit', class: `button ${style}` }, yes)));
    fill(confirmBox, box);
    const finish = (result) => {
      confirmBox.close();
      resolve(result);
    };
    box.addEventListener('submit', (event) => {
      event.preventDefault();
      finish(Object.fromEntries(new FormData(box)));
    });
    box.querySelector('[value=no]').addEventListener('click', () => finish(null));
    confirmBox.oncancel = (event) => {
      event.preventDefault();
      finish(null);
    };
    confirmBox.showModal();
    confirmBox.querySelector('input, textarea, button[type=submit]')?.focus();
  });
}

/** A field of the page's own dialogs. */
export const askField = (name, label, attributes = {}) =>
  el('label', { class: 'field' }, el('span', { class: 'field-label' }, label), el('input', { class: 'input', name, type: 'text', ...attributes }));

/** What a failed press looks like to the person who pressed. */
export function pressFailed() {
  toast(`${store.app.name} did not answer that button in time.`, 'warning');
}
