// The page's doors to the server: the same ones that scripts and tests use.

import { store } from './store.js';

/** Ask for something. */
export async function ask(door) {
  const response = await fetch(`/_slack/${door}`);
  return response.json();
}

/** Do something as the person this page belongs to. Refusals come back as `{ok: false, error, message}`. */
export async function act(door, body = {}) {
  try {
    const response = await fetch(`/_slack/${door}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ person: store.me, ...body }),
    });
    return await response.json();
  } catch {
    return { ok: false, error: 'offline', message: 'The local Slack does not answer.' };
  }
}
