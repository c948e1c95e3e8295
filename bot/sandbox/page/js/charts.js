// `data_visualization` blocks and the small live line of the alarmed metric, as SVG.

import { el, svg } from './dom.js';

const COLORS = ['#2f7fb5', '#c8553d', '#3f8f5b', '#8a5fb0', '#b98900', '#4a6b7c', '#c2478f', '#6b8e23', '#946b4a', '#2a9d8f', '#d0743c', '#5b5ea6'];
const W = 480;
const H = 200;
const PAD = { left: 44, right: 12, top: 10, bottom: 26 };

/** A chart block: line, bar, area or pie. */
export function chart(block) {
  const drawn = block.chart.type === 'pie' ? pie(block.chart) : plot(block.chart);
  return el('figure', { class: 'chart' }, el('figcaption', {}, block.title), drawn);
}

function plot(one) {
  const labels = one.axis_config.categories;
  const values = one.series.flatMap((s) => s.data.map((d) => d.value));
  const [low, high] = [Math.min(0, ...values), Math.max(1e-9, ...values)];
  const x = (i) => PAD.left + ((W - PAD.left - PAD.right) * (i + 0.5)) / labels.length;
  const y = (v) => PAD.top + (H - PAD.top - PAD.bottom) * (1 - (v - low) / (high - low));
  const draw = { line: lineSeries, area: areaSeries, bar: barSeries }[one.type] || lineSeries;
  const ticks = [low, (low + high) / 2, high].map((v) => [
    svg('line', { class: 'grid', x1: PAD.left, x2: W - PAD.right, y1: y(v), y2: y(v) }),
    svg('text', { x: PAD.left - 6, y: y(v) + 4, 'text-anchor': 'end' }, short(v)),
  ]);
  const step = Math.ceil(labels.length / 6);
  const names = labels.map((label, i) => (i % step ? null : svg('text', { x: x(i), y: H - 8, 'text-anchor': 'middle' }, label)));
  const series = one.series.map((s, n) => draw(s, n, { labels, x, y, zero: y(Math.max(0, low)), count: one.series.length }));
  return el('div', {}, svg('svg', { viewBox: `0 0 ${W} ${H}`, role: 'img', 'aria-label': summary(one) }, ticks, series, names), legend(one.series.map((s) => s.name)));
}

const points = (s, { labels, x, y }) => labels.map((label, i) => [x(i), y(s.data.find((d) => d.label === label)?.value ?? 0)]);
const path = (all) => all.map(([px, py], i) => `${i ? 'L' : 'M'}${px.toFixed(1)} ${py.toFixed(1)}`).join('');

function lineSeries(s, n, scale) {
  return svg('path', { d: path(points(s, scale)), fill: 'none', stroke: COLORS[n % 12], 'stroke-width': 2, 'stroke-linejoin': 'round' });
}

function areaSeries(s, n, scale) {
  const all = points(s, scale);
  const d = `${path(all)}L${all.at(-1)[0]} ${scale.zero}L${all[0][0]} ${scale.zero}Z`;
  return [svg('path', { d, fill: COLORS[n % 12], 'fill-opacity': 0.25 }), lineSeries(s, n, scale)];
}

function barSeries(s, n, scale) {
  const width = Math.max(2, (W - PAD.left - PAD.right) / scale.labels.length / (scale.count + 0.6));
  return points(s, scale).map(([px, py]) =>
    svg('rect', { x: px + (n - scale.count / 2) * width, y: Math.min(py, scale.zero), width: width * 0.9, height: Math.abs(scale.zero - py), fill: COLORS[n % 12], rx: 1 }));
}

function pie(one) {
  const total = one.segments.reduce((sum, s) => sum + s.value, 0);
  let angle = -Math.PI / 2;
  const slices = one.segments.map((s, n) => {
    const from = angle;
    angle += (s.value / total) * 2 * Math.PI;
    const at = (a) => `${(100 + 80 * Math.cos(a)).toFixed(2)} ${(100 + 80 * Math.sin(a)).toFixed(2)}`;
    const large = angle - from > Math.PI ? 1 : 0;
    const whole = one.segments.length === 1;
    return whole ? svg('circle', { cx: 100, cy: 100, r: 80, fill: COLORS[0] })
      : svg('path', { d: `M100 100L${at(from)}A80 80 0 ${large} 1 ${at(angle)}Z`, fill: COLORS[n % 12] });
  });
  const label = one.segments.map((s) => `${s.label} ${Math.round((100 * s.value) / total)} %`).join(', ');
  return el('div', {}, svg('svg', { viewBox: '0 0 200 200', class: 'pie', role: 'img', 'aria-label': label }, slices), legend(one.segments.map((s) => s.label)));
}

const legend = (names) => el('div', { class: 'legend' }, names.map((name, n) => el('span', {}, el('i', { style: { background: COLORS[n % 12] } }), name)));
const summary = (one) => one.series.map((s) => `${s.name}: ${s.data.map((d) => `${d.label} ${d.value}`).join(', ')}`).join('; ');

/** A number in few characters. */
export function short(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${(value / 1e6).toFixed(1)}M`;
  if (size >= 1e4) return `${(value / 1e3).toFixed(0)}k`;
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return size >= 1 ? value.toFixed(1) : value.toPrecision(2);
}

/** The live line: values oldest first, a dashed line where the alarm stands. */
export function sparkline(values, threshold, label) {
  const known = values.filter((v) => Number.isFinite(v));
  if (known.length < 2) return el('div', { class: 'spark-empty' }, 'No data points yet.');
  const [width, height] = [260, 64];
  const extremes = Number.isFinite(threshold) ? [...known, threshold] : known;
  const low = Math.min(0, ...extremes);
  const high = Math.max(...extremes) * 1.08 || 1;
  const y = (v) => height - 4 - ((v - low) / (high - low)) * (height - 10);
  const x = (i) => 4 + (i / (values.length - 1)) * (width - 12);
  let pen = 'M';
  const d = values.map((v, i) => {
    // A gap in the data is a gap in the line, never a zero.
    if (!Number.isFinite(v)) { pen = 'M'; return ''; }
    const piece = `${pen}${x(i).toFixed(1)} ${y(v).toFixed(1)}`;
    pen = 'L';
    return piece;
  }).join('');
  const last = values.findLastIndex((v) => Number.isFinite(v));
  return svg('svg', { class: 'spark', viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': label },
    Number.isFinite(threshold) ? svg('line', { class: 'threshold', x1: 0, x2: width, y1: y(threshold), y2: y(threshold) }) : null,
    svg('path', { class: 'spark-line', d, fill: 'none' }),
    svg('circle', { class: 'spark-dot', cx: x(last), cy: y(values[last]), r: 3 }));
}
