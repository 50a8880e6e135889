import { openCache } from '../foundation/cache/index.ts';

const maxCachedLength = 64;
const headerWords = ['authorization', 'cookie', 'key', 'token', 'secret', 'signature', 'password'];
const paramWords = [
  'pass',
  'password',
  'passwd',
  'passphrase',
  'pin',
  'otp',
  'secret',
  'credential',
  'credentials',
  'signature',
  'fbtoken',
  'key',
  'pubkey',
  'nonce',
  'answer',
  'binding',
  'code',
  'payload',
];

/**
 * Whether conditions must not see a header because its value may be a credential: a word of its name is, starts with or
 * ends with a word that suggests a secret.
 */
export const isSecretHeader = memoized((name) => hasWord(name, headerWords));

/** The same for a parameter of a request. */
export const isSecretParam = memoized((name) => /fb_?token/i.test(name) || hasWord(name, paramWords));

/** Requests repeat the same few names. The cache is bounded, because clients may invent any number of them. */
function memoized(judge: (name: string) => boolean): (name: string) => boolean {
  const judged = openCache<{ isSecret: boolean }>(500);
  return (name) => {
    if (name.length > maxCachedLength) return judge(name);
    const known = judged.get(name) ?? { isSecret: judge(name) };
    judged.set(name, known);
    return known.isSecret;
  };
}

function hasWord(name: string, secret: readonly string[]): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => secret.some((stem) => word.startsWith(stem) || word.endsWith(stem)));
}
