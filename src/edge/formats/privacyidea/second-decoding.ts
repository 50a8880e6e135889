import { type Encoding, parameterNamed, readText, unescaped } from '../../http/index.ts';
import type { PiFlavour } from './flavour.ts';

const notDecoded = {
  privacyidea: ['privacyidea-cp', 'privacyidea-ldap-proxy', 'simplesamlphp'],
  edumfa: ['eduMFA-cp', 'eduMFA-LDAP-Proxy', 'simpleSAMLphp'],
};

/** Whether the values of this client are percent-decoded a second time. @see docs/protocols/privacyidea.md 2 point 2 */
export function decodesTwice(userAgent: string, flavour: PiFlavour): boolean {
  const name = /^[A-Za-z0-9_-]+/.exec(userAgent)?.[0];
  if (name === undefined) return flavour === 'privacyidea' || userAgent === '';
  return !notDecoded[flavour].includes(flavour === 'privacyidea' ? name.toLowerCase() : name);
}

const hint = ' Its values are percent-decoded twice: encode them twice, or have secondDecoding of this auth server set to "never".';

/**
 * Decodes `%XX` only: `+` and broken escapes stay unchanged. Throws `UndecodableText` like `readText`; `name` is the
 * parameter's.
 */
export function decodeAgain(text: string, encoding: Encoding, name: string): string {
  if (!text.includes('%')) return text;
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escapes) => readText(unescaped(escapes), encoding, parameterNamed(name), hint));
}
