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
export const isUnseenHeader = (name: string): boolean => hasWord(name, ofHeaders);

/** The same of a parameter of a request. */
export const isUnseenParam = (name: string): boolean => /fb_?token/i.test(name) || hasWord(name, ofParams);

function hasWord(name: string, secret: readonly string[]): boolean {
  const words = name
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z]+/);
  return words.some((word) => secret.some((stem) => word.startsWith(stem) || word.endsWith(stem)));
}
