import assert from 'node:assert/strict';

/** Values that differ between all replies: their kind is compared, not their text. */
const volatile = [
  ...['time', 'threadid', 'img', 'id', 'menus', 'rights', 'signature', 'capabilities_signature', 'apns-expiration'],
  ...['public_key', 'public_key_server', 'public_key_smartphone', 'assignment_date', 'creation_date', 'created_at'],
];

/** Names that differ between the recorded and the live side. */
const named = ['serial', 'transaction_id', 'nonce', 'enrollment_credential'];

/** Live names by their recorded ones. */
export type Names = Map<string, string>;
/** For values that already have live names. */
export const noNames: Names = new Map();

/** Records the live names of the values in a recorded reply; the first name of each is kept. */
export function learn(names: Names, recorded: unknown, live: unknown): void {
  if (typeof recorded !== 'object' || recorded === null || typeof live !== 'object' || live === null) return;
  for (const [key, was] of Object.entries(recorded)) {
    const is: unknown = Reflect.get(live, key);
    if (!named.includes(key)) learn(names, was, is);
    else if (typeof was === 'string' && typeof is === 'string' && !names.has(was)) names.set(was, is);
  }
}

/** A text with live names. */
export const inLiveNames = (names: Names, text: string): string => [...names].reduce((so, [was, is]) => so.replaceAll(was, is), text);

/** The same value with live names, and with the kinds of volatile values in their place. */
export function masked(names: Names, value: unknown, key = ''): unknown {
  if (value === '<float>' || value === '<int>') return 'some number';
  if (value === '<jwt>' || (typeof value === 'string' && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(value))) return 'some JWT';
  if (volatile.includes(key) && value !== 1 && value !== 2) return `some ${typeof value}`;
  if (typeof value === 'string') return inLiveNames(names, value).replace(/(?<=Method )[A-Z]+/, '…');
  if (Array.isArray(value)) return value.map((item) => masked(names, item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, masked(names, item, name)]));
}

/**
 * Our message without the field that the recorded server lacks: Android shows one notification per login where it
 * repeats a push.
 */
export function asRecorded(message: unknown): unknown {
  assert.ok(typeof message === 'object' && message !== null && 'android' in message);
  const { collapse_key: _key, notification: _tag, ...android } = Object(message.android);
  return { ...message, android };
}
