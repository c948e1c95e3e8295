// Block Kit: one function per block type.

import { chart } from './charts.js';
import { el, safeUrl } from './dom.js';
import { element, picture } from './elements.js';
import { icon } from './icons.js';
import { link } from './inline.js';
import { markdown } from './markdown.js';
import { plain, textObject } from './mrkdwn.js';
import { cssColor, richText } from './richtext.js';

const LONG_TEXT = 700;
const LONG_LINES = 5;

/** All blocks of a message or view. `where` is data for its elements, `files` the message's pictures by id. */
export function blocks(list, where, files) {
  return (list || []).map((block) => drawn(block, where, files));
}

function drawn(block, where, files) {
  const body = BLOCKS[block.type]?.(block, where, files);
  return el('div', { class: `block block-${block.type}`, 'data-key': block.block_id || null }, body ?? unknown(block));
}

const BLOCKS = {
  header: (b) => el('div', { class: `header level-${b.level || 0}`, role: 'heading', 'aria-level': String(b.level || 3) }, plain(b.text.text)),
  section,
  divider: () => el('hr'),
  context: (b) => el('div', { class: 'context' }, b.elements.map((e) => (e.type === 'image' ? picture(e, 'context-image') : el('span', {}, textObject(e))))),
  actions: (b, where) => el('div', { class: 'actions' }, b.elements.map((e) => element(e, b, where))),
  context_actions: (b, where) => el('div', { class: 'actions context-actions' }, b.elements.map((e) => element(e, b, where))),
  image,
  rich_text: (b) => el('div', { class: 'rich-text' }, richText(b)),
  markdown: (b) => el('div', { class: 'markdown' }, markdown(b.text)),
  table,
  data_table: table,
  task_card: (b) => task(b, true),
  plan,
  alert,
  card: (b, where) => card(b, where),
  carousel: (b, where) => el('div', { class: 'carousel', tabindex: '0', role: 'region', 'aria-label': 'Cards' }, b.elements.map((c) => card(c, where))),
  container,
  input: inputBlock,
  file: (b) => el('div', { class: 'unknown' }, `File ${b.external_id}`),
  video: (b) => el('div', { class: 'card' }, el('strong', {}, plain(b.title.text)), ' ', link(b.title_url || b.video_url, 'Open video')),
  data_visualization: (b) => chart(b),
};

function section(b, where) {
  const text = b.text ? folded(b, textObject(b.text)) : null;
  const fields = b.fields ? el('div', { class: 'fields' }, b.fields.map((f) => el('div', {}, textObject(f)))) : null;
  const side = b.accessory ? el('div', { class: 'accessory' }, element(b.accessory, b, where)) : null;
  return el('div', { class: 'section' }, el('div', { class: 'section-text' }, text, fields), side);
}

/** Long texts are folded, as the client folds them, unless the app says otherwise. */
function folded(b, nodes) {
  const text = b.text.text;
  const isLong = text.length > LONG_TEXT || text.split('\n').length > LONG_LINES * 3;
  if (b.expand || !isLong) return el('div', {}, nodes);
  return el('details', { class: 'fold' }, el('summary', {}, el('span', { class: 'more' }, 'See more'), el('span', { class: 'less' }, 'Show less')),
    el('div', { class: 'folded' }, nodes));
}

function image(b, _where, files) {
  const title = b.title ? el('figcaption', {}, plain(b.title.text)) : null;
  return el('figure', { class: 'figure' }, title, picture(b, 'picture', files));
}

const CELLS = {
  rich_text: (cell) => richText(cell),
  raw_text: (cell) => plain(cell.text),
  raw_number: (cell) => cell.text ?? String(cell.value),
};

function table(b) {
  const settings = b.column_settings || [];
  const cell = (tag, value, i) => {
    const align = settings[i]?.align || (value.type === 'raw_number' ? 'right' : 'left');
    const wrap = settings[i]?.is_wrapped ? ' wrapped' : '';
    return el(tag, { class: `to-${align}${wrap}`, scope: tag === 'th' ? 'col' : null }, CELLS[value.type]?.(value) ?? '');
  };
  const [head, ...body] = b.rows;
  return el('div', { class: 'table-box', tabindex: '0', role: 'region', 'aria-label': b.caption || 'Table' },
    el('table', {},
      b.caption ? el('caption', {}, b.caption) : null,
      el('thead', {}, el('tr', {}, head.map((value, i) => cell('th', value, i)))),
      el('tbody', {}, body.map((row) => el('tr', {}, row.map((value, i) => cell('td', value, i)))))));
}

const STATUS = {
  pending: ['ring', 'Not started'],
  in_progress: ['spinner', 'In progress'],
  complete: ['check', 'Done'],
  error: ['cross', 'Failed'],
};

function mark(status) {
  const [name, label] = STATUS[status] || STATUS.in_progress;
  const inside = name === 'spinner' ? el('span', { class: 'spinner' }) : icon(name, 14);
  return el('span', { class: `status ${status}`, role: 'img', 'aria-label': label, title: label }, inside);
}

function task(b, alone) {
  const sources = (b.sources || []).map((source) => el('span', { class: 'source' }, icon('link', 12), link(source.url, source.text)));
  return el('div', { class: alone ? 'task alone' : 'task', 'data-key': b.task_id },
    mark(b.status),
    el('div', { class: 'task-body' },
      el('div', { class: 'task-title' }, plain(b.title)),
      b.details ? el('div', { class: 'task-details' }, richText(b.details)) : null,
      b.output ? el('div', { class: 'task-output' }, richText(b.output)) : null,
      sources.length ? el('div', { class: 'sources' }, sources) : null));
}

function plan(b) {
  const tasks = b.tasks || [];
  const done = tasks.filter((t) => t.status === 'complete').length;
  const open = tasks.filter((t) => t.status === 'in_progress' || t.status === 'pending').length;
  const failed = tasks.some((t) => t.status === 'error');
  const state = tasks.length && !open ? (failed && !done ? 'error' : 'complete')
    : open === tasks.length && tasks.every((t) => t.status === 'pending') ? 'pending' : 'in_progress';
  return el('details', { class: 'plan', open: true },
    el('summary', {}, mark(state), el('span', { class: 'plan-title' }, plain(b.title)), el('span', { class: 'plan-count' }, `${tasks.length - open}/${tasks.length}`), icon('down', 16)),
    el('div', { class: 'tasks' }, tasks.map((t) => task(t, false))));
}

const ALERT_ICONS = { error: 'alert', warning: 'alert', success: 'check', info: 'info', default: 'info' };

function alert(b) {
  const level = b.level || 'default';
  return el('div', { class: `alert ${level}`, role: 'note' }, icon(ALERT_ICONS[level] || 'info', 18), el('div', {}, textObject(b.text)));
}

function card(b, where) {
  const buttons = Array.isArray(b.actions) ? b.actions : b.actions?.elements || [];
  return el('div', { class: 'card', 'data-key': b.block_id || null },
    b.hero_image ? picture(b.hero_image, 'hero') : null,
    el('div', { class: 'card-head' }, b.icon ? picture(b.icon, 'card-icon') : null, b.slack_icon ? icon('info', 20) : null,
      el('div', {}, b.title ? el('div', { class: 'card-title' }, textObject(b.title)) : null, b.subtitle ? el('div', { class: 'muted' }, textObject(b.subtitle)) : null)),
    b.body ? el('div', { class: 'card-body' }, textObject(b.body)) : null,
    b.subtext ? el('div', { class: 'muted small' }, textObject(b.subtext)) : null,
    buttons.length ? el('div', { class: 'actions' }, buttons.map((e) => element(e, b, where))) : null);
}

function container(b, where, files) {
  const head = [
    b.icon ? picture(b.icon, 'card-icon') : null,
    el('div', {}, el('div', { class: 'card-title' }, b.rich_text_title ? richText(b.rich_text_title) : textObject(b.title)), b.subtitle ? el('div', { class: 'muted' }, textObject(b.subtitle)) : null),
  ];
  const inside = el('div', { class: 'container-body' }, blocks(b.child_blocks, where, files));
  const width = `container width-${b.width || 'standard'}`;
  if (!b.is_collapsible) return el('div', { class: width }, el('div', { class: b.has_header_divider ? 'card-head divided' : 'card-head' }, head), inside);
  return el('details', { class: width, open: !b.default_collapsed }, el('summary', { class: 'card-head' }, head, icon('down', 16)), inside);
}

// What Slack writes where an app wrote nothing.
const PLACEHOLDERS = { plain_text_input: { text: 'Write something' }, rich_text_input: { text: 'Write something' } };

function inputBlock(b, where) {
  const error = el('p', { class: 'field-error', role: 'alert', 'data-error': b.block_id, 'data-keep': true });
  return el('div', { class: 'field' },
    el('div', { class: 'field-label' }, plain(b.label.text), b.optional ? el('span', { class: 'muted' }, ' (optional)') : null),
    element({ ...b.element, placeholder: b.element.placeholder || PLACEHOLDERS[b.element.type] }, b, { ...where, 'aria-label': b.label.text, 'data-dispatch': b.dispatch_action ? 'yes' : null }),
    b.hint ? el('p', { class: 'hint' }, plain(b.hint.text)) : null,
    error);
}

/** A legacy attachment: a coloured bar, a title, fields. This is how alarms arrive. */
export function attachment(one, where) {
  const title = one.title ? el('div', { class: 'att-title' }, safeUrl(one.title_link || '') ? link(one.title_link, one.title) : one.title) : null;
  const fields = (one.fields || []).map((f) =>
    el('div', { class: f.short ? 'att-field short' : 'att-field' }, el('strong', {}, f.title), el('div', {}, textObject({ type: 'mrkdwn', text: String(f.value) }))));
  return el('div', { class: 'attachment' },
    el('div', { class: 'att-bar', style: { background: cssColor(one.color) } }),
    el('div', { class: 'att-body' },
      one.pretext ? el('div', {}, textObject({ type: 'mrkdwn', text: one.pretext })) : null,
      one.author_name ? el('div', { class: 'muted' }, one.author_name) : null,
      title,
      one.text ? el('div', {}, textObject({ type: 'mrkdwn', text: one.text })) : null,
      fields.length ? el('div', { class: 'att-fields' }, fields) : null,
      one.blocks ? blocks(one.blocks, where) : null,
      one.footer ? el('div', { class: 'muted small' }, one.footer) : null));
}

const unknown = (block) => el('div', { class: 'unknown' }, `This client cannot show a "${block.type}" block.`);
