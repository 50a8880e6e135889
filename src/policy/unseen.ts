import { openCache } from '../foundation/cache/index.ts';

const longestKept = 64;
const ofHeaders = ['authorization', 'cookie', 'key', 'token', 'secret', 'signature', 'password'];
const ofParams = [
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
];

/**
 * Whether conditions never see a header, since its value may be a credential: where a word of its name is, starts or ends with one of those that stand for
 * secrets.
 */
export const isUnseenHeader = remembering((name) => hasWord(name, ofHeaders));

/** The same of a parameter of a request. */
export const isUnseenParam = remembering((name) => /fb_?token/i.test(name) || hasWord(name, ofParams));

/** Requests bring the same few names again and again; of those that strangers make up, the last ones are kept. */
function remembering(judge: (name: string) => boolean): (name: string) => boolean {
  const judged = openCache<{ isUnseen: boolean }>(500);
  return (name) => {
    if (name.length > longestKept) return judge(name);
    const known = judged.get(name) ?? { isUnseen: judge(name) };
    judged.set(name, known);
    return known.isUnseen;
  };
}

function hasWord(name: string, secret: readonly string[]): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => secret.some((stem) => word.startsWith(stem) || word.endsWith(stem)));
}
