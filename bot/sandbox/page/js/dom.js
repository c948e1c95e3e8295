// Builds DOM nodes. Text only ever becomes text nodes: there is no way from a string to HTML in this page.

const SVG = 'http://www.w3.org/2000/svg';

/** An element. `null`, `false` and `undefined` attributes and children are left out; `style` is an object. */
export function el(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

/** Several nodes without a parent. */
export function fragment(...children) {
  const box = document.createDocumentFragment();
  append(box, children);
  return box;
}

/** Replace what is inside a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === 'style') Object.entries(value).forEach(([property, v]) => node.style.setProperty(property, v));
    else if (name === 'value' || name === 'checked') node[name] = value;
    else node.setAttribute(name, value === true ? '' : value);
  }
  append(node, children);
  return node;
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === '') continue;
    node.append(child);
  }
}

/**
 * Make `old` look like `fresh` and touch only what differs, so that focus, scroll, open folds and typed
 * text survive an update. Nodes with different `data-key` are different things and are replaced.
 */
export function morph(old, fresh) {
  if (!alike(old, fresh)) {
    old.replaceWith(fresh);
    return fresh;
  }
  if (old.nodeType === Node.TEXT_NODE) {
    if (old.data !== fresh.data) old.data = fresh.data;
    return old;
  }
  morphAttributes(old, fresh);
  if (!old.hasAttribute('data-keep')) morphChildren(old, fresh);
  return old;
}

function alike(a, b) {
  if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) return false;
  return a.nodeType === Node.TEXT_NODE || a.getAttribute('data-key') === b.getAttribute('data-key');
}

function morphAttributes(old, fresh) {
  for (const { name } of [...old.attributes]) {
    // What a reader has unfolded stays unfolded.
    if (!fresh.hasAttribute(name) && name !== 'open' && name !== 'style') old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name !== 'open' && name !== 'style' && old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  if (old.style.cssText !== fresh.style.cssText) old.style.cssText = fresh.style.cssText;
}

function morphChildren(old, fresh) {
  const wanted = [...fresh.childNodes];
  for (let i = 0; i < wanted.length; i += 1) {
    const present = old.childNodes[i];
    if (!present) old.append(wanted[i]);
    else if (alike(present, wanted[i])) morph(present, wanted[i]);
    else placeChild(old, present, wanted[i], i);
  }
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
}

function placeChild(parent, present, wanted, index) {
  const key = wanted.nodeType === Node.ELEMENT_NODE && wanted.getAttribute('data-key');
  const same = key && [...parent.childNodes].slice(index).find((node) => alike(node, wanted));
  if (same) {
    parent.insertBefore(same, present);
    morph(same, wanted);
  } else {
    parent.insertBefore(wanted, present);
    // An unkeyed node that was pushed down is most likely the one this replaced.
    if (!present.getAttribute?.('data-key')) present.remove();
  }
}

/** Whether an address may stand in a link. */
export function safeUrl(url) {
  return /^(https?:|mailto:|tel:|\/)/i.test(String(url)) ? String(url) : null;
}
