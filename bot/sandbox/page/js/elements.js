// Interactive elements. They carry their ids as data; `actions.js` listens once for the whole page.

import { el, safeUrl } from './dom.js';
import { BUTTON_ICONS, icon } from './icons.js';
import { plain } from './mrkdwn.js';
import { richPlain } from './richtext.js';
import { channelTitle, store } from './store.js';

/** Draw an element inside a block; `where` says which message or view it belongs to. */
export function element(one, block, where) {
  const readers = one.visible_to_user_ids;
  if (readers && !readers.includes(store.me)) return null;
  return ELEMENTS[one.type]?.(one, ids(one, block, where), where) ?? unknown(one);
}

const ids = (one, block, where) => ({
  'data-block': block.block_id || '',
  'data-action': one.action_id || '',
  'data-key': `${block.block_id || ''}/${one.action_id || ''}`,
  ...where,
});

const ELEMENTS = {
  button,
  workflow_button: button,
  icon_button: iconButton,
  feedback_buttons: feedback,
  image: (one) => picture(one, 'inline-image'),
  overflow,
  static_select: select,
  external_select: select,
  multi_static_select: select,
  users_select: (one, data) => peopleSelect(one, data),
  multi_users_select: (one, data) => peopleSelect(one, data),
  channels_select: (one, data) => channelSelect(one, data),
  conversations_select: (one, data) => channelSelect(one, data),
  multi_channels_select: (one, data) => channelSelect(one, data),
  multi_conversations_select: (one, data) => channelSelect(one, data),
  datepicker: (one, data) => input('date', one, data, one.initial_date),
  timepicker: (one, data) => input('time', one, data, one.initial_time),
  datetimepicker: (one, data) => input('datetime-local', one, data, localTime(one.initial_date_time)),
  plain_text_input: textInput,
  rich_text_input: (one, data) => textInput({ ...one, multiline: true, initial_value: richPlain(one.initial_value) }, data),
  email_text_input: (one, data) => input('email', one, data, one.initial_value),
  url_text_input: (one, data) => input('url', one, data, one.initial_value),
  number_input: (one, data) => input('number', one, data, one.initial_value),
  checkboxes: (one, data) => choices('checkbox', one, data, (one.initial_options || []).map((o) => o.value)),
  radio_buttons: (one, data) => choices('radio', one, data, one.initial_option ? [one.initial_option.value] : []),
};

function button(one, data) {
  return el('button', {
    type: 'button',
    class: `button ${one.style || ''}`,
    'aria-label': one.accessibility_label || null,
    'data-do': 'press',
    'data-confirm': one.confirm ? JSON.stringify(one.confirm) : null,
    'data-url': safeUrl(one.url || ''),
    ...data,
  }, plain(one.text.text));
}

function iconButton(one, data) {
  const label = one.accessibility_label || one.text.text;
  return el('button', {
    type: 'button',
    class: 'icon-button bordered',
    'aria-label': label,
    title: one.text.text,
    'data-do': 'press',
    'data-confirm': one.confirm ? JSON.stringify(one.confirm) : null,
    ...data,
  }, icon(BUTTON_ICONS[one.icon] || 'ring', 16), el('span', { class: 'icon-label' }, one.text.text));
}

function feedback(one, data) {
  const side = (button, choice, sign) =>
    el('button', {
      type: 'button',
      class: 'icon-button bordered',
      'aria-label': button.accessibility_label || button.text.text,
      'data-do': 'press',
      'data-choice': choice,
      ...data,
      'data-key': `${data['data-key']}/${choice}`,
    }, icon(sign, 16), el('span', { class: 'icon-label' }, plain(button.text.text)));
  return el('span', { class: 'feedback', role: 'group', 'aria-label': 'Feedback' },
    side(one.positive_button, 'positive', 'up'), side(one.negative_button, 'negative', 'thumbDown'));
}

function overflow(one, data) {
  const items = one.options.map((option) =>
    el('button', {
      type: 'button',
      class: 'menu-item',
      role: 'menuitem',
      'data-do': 'press',
      'data-choice': option.value,
      'data-confirm': one.confirm ? JSON.stringify(one.confirm) : null,
      ...data,
      'data-key': option.value,
    }, plain(option.text.text)));
  return el('details', { class: 'menu', 'data-key': data['data-key'] },
    el('summary', { class: 'icon-button bordered', 'aria-label': 'More actions' }, icon('more', 18)),
    el('div', { class: 'menu-list', role: 'menu' }, items));
}

const selected = (one) => (one.initial_options || (one.initial_option ? [one.initial_option] : [])).map((o) => o.value);

function select(one, data) {
  const draw = (option) => el('option', { value: option.value, selected: selected(one).includes(option.value) }, option.text.text);
  const groups = (one.option_groups || []).map((g) => el('optgroup', { label: g.label.text }, g.options.map(draw)));
  return dropdown(one, data, [...(one.options || []).map(draw), ...groups]);
}

function peopleSelect(one, data) {
  const initial = one.initial_users || [one.initial_user];
  const people = [...store.users.values()].filter((u) => !u.is_bot);
  return dropdown(one, data, people.map((u) => el('option', { value: u.id, selected: initial.includes(u.id) }, u.real_name)));
}

function channelSelect(one, data) {
  const initial = one.initial_channels || one.initial_conversations || [one.initial_channel || one.initial_conversation];
  const rooms = [...store.channels.values()].filter((c) => !c.is_im && !c.is_archived);
  return dropdown(one, data, rooms.map((c) => el('option', { value: c.id, selected: initial.includes(c.id) }, `#${channelTitle(c)}`)));
}

function dropdown(one, data, options) {
  const many = one.type.startsWith('multi_');
  const label = one.placeholder?.text || 'Select an option';
  const first = many ? null : el('option', { value: '' }, label);
  return el('select', {
    class: 'select',
    multiple: many,
    size: many ? String(Math.min(5, Math.max(2, options.length))) : null,
    'aria-label': label,
    'data-field': 'select',
    'data-confirm': one.confirm ? JSON.stringify(one.confirm) : null,
    ...data,
  }, first, options);
}

function input(type, one, data, initial) {
  return el('input', {
    class: 'input',
    type,
    value: initial ?? '',
    placeholder: one.placeholder?.text || null,
    'aria-label': one.placeholder?.text || null,
    min: one.min_value ?? null,
    max: one.max_value ?? null,
    step: type === 'number' ? (one.is_decimal_allowed ? 'any' : '1') : null,
    autofocus: one.focus_on_load,
    'data-field': type,
    ...data,
  });
}

function textInput(one, data) {
  const attributes = {
    class: 'input',
    value: one.initial_value || '',
    placeholder: one.placeholder?.text || null,
    'aria-label': one.placeholder?.text || null,
    minlength: one.min_length ?? null,
    maxlength: one.max_length ?? null,
    autofocus: one.focus_on_load,
    'data-field': 'text',
    ...data,
  };
  return one.multiline ? el('textarea', { ...attributes, rows: '4' }) : el('input', { ...attributes, type: 'text' });
}

function choices(type, one, data, initial) {
  const rows = one.options.map((option) =>
    el('label', { class: 'choice' },
      el('input', { type, name: data['data-key'], value: option.value, checked: initial.includes(option.value) }),
      el('span', {}, plain(option.text.text), option.description ? el('small', {}, option.description.text) : null)));
  return el('div', { class: 'choices', role: type === 'radio' ? 'radiogroup' : 'group', 'data-field': type, ...data }, rows);
}

/** A picture from the workspace's own files. Addresses outside are not fetched: the page says where they lead. */
export function picture(one, className, files = new Map()) {
  const alt = one.alt_text || '';
  const reference = one.slack_file;
  if (reference) {
    const id = reference.id || /-(F[A-Z0-9]+)\//.exec(reference.url || '')?.[1] || '';
    const known = files.get(id);
    const size = known?.original_w ? { width: String(known.original_w), height: String(known.original_h) } : {};
    return el('img', { class: className, src: `/_slack/files/${encodeURIComponent(id)}`, alt, loading: 'lazy', ...size });
  }
  return el('span', { class: `${className} outside`, role: 'img', 'aria-label': alt, title: one.image_url || '' }, icon('image', 18), ' ', alt);
}

/** What is chosen or typed in a field, in the form the server takes. */
export function fieldValue(field) {
  const kind = field.dataset.field;
  if (kind === 'select') return field.multiple ? [...field.selectedOptions].map((o) => o.value) : field.value;
  if (kind === 'checkbox') return [...field.querySelectorAll('input:checked')].map((i) => i.value);
  if (kind === 'radio') return field.querySelector('input:checked')?.value || '';
  if (kind === 'datetime-local') return field.value ? Math.floor(new Date(field.value).getTime() / 1000) : '';
  return field.value;
}

const localTime = (seconds) => (seconds ? new Date(seconds * 1000 - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 16) : '');
const unknown = (one) => el('span', { class: 'unknown' }, `[${one.type}]`);
