import { done, no, type Outcome } from './outcome.ts';

/**
 * The normal form of a URL, as the app writes it after parsing: scheme and host in lower case, no default port, no dot
 * segments, escapes in upper case and only where needed, everything else percent-encoded. Signed texts use this form,
 * so a server URL in any other form makes the app refuse every message. Refuses anything but http or https with a host.
 * @see docs/protocols/privacyidea.md 3.2
 */
export function normalUrl(text: string): Outcome<string> {
  if (!/^https?:\/\/[^/?#]/i.test(text) || !URL.canParse(text)) return no(`"${text}" is not an http or https URL with a host`);
  const { href } = new URL(text);
  const start = href.indexOf('/', href.indexOf('//') + 2);
  const rest = href
    .slice(start)
    .replace(/%(?:[0-9a-f]{2})?/gi, normalEscape)
    .replace(/["<>[\\\]^`{|}]/g, percentEncoded);
  return done(href.slice(0, start) + (hasPath(text) ? rest : rest.slice(1)));
}

// The app adds no slash to a URL that ends with its host.
const hasPath = (text: string): boolean => /^[^/]*\/\/[^/?#]*\//.test(text);

function normalEscape(escaped: string): string {
  if (escaped === '%') return '%25';
  const plain = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[\w.~-]/.test(plain) ? plain : escaped.toUpperCase();
}

const percentEncoded = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
