/** The parts of the URL in the QR code. `extras` are appended in order; booleans are written `True` and `False`. */
export type RolloutUrl = {
  scheme: 'otpauth' | 'pia' | 'edumfa-push';
  label: string;
  url: string;
  ttlMinutes: number | string;
  issuer: string;
  extras: readonly (readonly [name: string, value: string | number | boolean])[];
};

/** Encodes the URL for the app to scan. @see docs/protocols/privacyidea.md 3.2 */
export function rolloutUrl({ scheme, label, url, ttlMinutes, issuer, extras }: RolloutUrl): string {
  const host = scheme === 'edumfa-push' ? 'edumfa' : 'pipush';
  const parameters = [['url', url] as const, ['ttl', ttlMinutes] as const, ['issuer', issuer] as const, ...extras];
  const query = parameters.map(([name, value]) => `${quote(name)}=${quote(textOf(value))}`).join('&');
  return `${scheme}://${host}/${quote(label)}?${query}`;
}

const textOf = (value: string | number | boolean): string => (typeof value === 'boolean' ? (value ? 'True' : 'False') : String(value));

/** Percent-encodes all but `A-Z a-z 0-9 _ . - ~ /`. */
function quote(text: string): string {
  const escaped = encodeURIComponent(text.toWellFormed()).replaceAll('%2F', '/');
  return escaped.replace(/[!*'()]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
