// Emoji by Slack's short names. Unknown names are shown as they are written.

const EMOJI = new Map(Object.entries(await (await fetch('/page/emoji.json')).json()));

/** A short name in running text; `10:100:45` and `arn:aws:key:x` hold none. */
export const SHORT_NAME = /(?<![\w:])(:[a-z0-9_+'-]+(?:::skin-tone-[2-6])?:)(?!\w)/;

/** The character of a short name, or `null`. */
export function emoji(name) {
  return EMOJI.get(name.replace(/::skin-tone-\d$/, '')) || null;
}

/** What the reaction picker offers first. */
export const QUICK = ['eyes', 'white_check_mark', '+1', 'tada', 'heart', 'raised_hands', 'thinking_face', 'rotating_light', 'x', '-1', 'rocket', 'pray'];

/** All short names, for the composer's completion and the reaction picker. */
export const NAMES = [...EMOJI.keys()];
