/**
 * Returns the reason a phone would refuse this registration URL, or undefined. The app parses the URL and signs it as
 * it prints it, so only a URL in normal form keeps the signed text.
 * @see docs/protocols/privacyidea.md 3.2, canonical URL rule
 */
export function notNormal(text: string): string | undefined {
  if (!URL.canParse(text)) return 'is not a URL; write it whole, such as https://mfa.example.com/ttype/push';
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return 'must begin with https:// or http://';
  if (url.username !== '' || url.password !== '' || url.hash !== '') return 'must not hold a user, a password or a fragment';
  const normal = url.href.replace(/%[0-9a-fA-F]{2}/g, normalEscape);
  return normal === text ? undefined : `must be in normal form, because the app signs the normal form: ${normal}`;
}

/** Decodes an escape that a URL does not need, and writes any other in upper case. */
function normalEscape(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase();
}
