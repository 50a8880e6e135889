/** A web hook that is not from the gateway, or too old. */
export class WrongSignature extends Error {
  constructor(why: string) {
    super(why);
    this.name = 'WrongSignature';
  }
}

/** An event of a challenge, such as `challenge.accepted`. */
export type WebHookEvent = { type: string; timestamp: string; data: { id: string; status: string; serial?: string; reason?: string } };

/** A web hook as received: its headers, and its body as bytes or text. */
export type ReceivedHook = { headers: Headers | Readonly<Record<string, string | string[] | undefined>>; body: string | Uint8Array };

/** What a hook is checked with. `secrets`: `whsec_…` or, for Ed25519, the public key `whpk_…`; any may fit. */
export type HookCheck = { secrets: string | readonly string[]; toleranceSeconds?: number; now?: () => number };

/**
 * The event of a web hook that one of the secrets signed within the tolerance (300 s). Throws `WrongSignature`
 * otherwise. A hook may come more than once: keep its `webhook-id`. @see https://www.standardwebhooks.com
 */
export async function verifyWebHook(
  { headers, body }: ReceivedHook,
  { secrets, toleranceSeconds = 300, now = Date.now }: HookCheck,
): Promise<WebHookEvent> {
  const [id, stamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => headerOf(headers, name));
  const sentAt = /^\d+$/.test(stamp ?? '') ? Number(stamp) : Number.NaN;
  if (!(Math.abs(now() / 1000 - sentAt) <= toleranceSeconds)) throw new WrongSignature('The timestamp is missing or too far away.');
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  const signed = new TextEncoder().encode(`${id}.${stamp}.${text}`);
  for (const secret of [secrets].flat())
    for (const signature of (signatures ?? '').split(' ')) if (await fits(secret, signature, signed)) return JSON.parse(text);
  throw new WrongSignature('No signature fits.');
}

async function fits(secret: string, signature: string, signed: Uint8Array<ArrayBuffer>): Promise<boolean> {
  const [version, value = ''] = signature.split(',');
  const isPublic = secret.startsWith('whpk_');
  if (version !== (isPublic ? 'v1a' : 'v1')) return false;
  const algorithm = isPublic ? { name: 'Ed25519' } : { name: 'HMAC', hash: 'SHA-256' };
  const bytes = bytesOf(value);
  if (!bytes) return false;
  const key = await crypto.subtle.importKey('raw', secretBytes(secret), algorithm, false, ['verify']);
  return crypto.subtle.verify(algorithm.name, key, bytes, signed);
}

function secretBytes(secret: string): Uint8Array<ArrayBuffer> {
  const bytes = bytesOf(secret.replace(/^wh(?:sec|pk)_/, ''));
  if (!bytes) throw new TypeError('A secret has the form whsec_ or whpk_, and base64.');
  return bytes;
}

function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function headerOf(headers: ReceivedHook['headers'], name: string): string | undefined {
  if (headers instanceof Headers) return headers.get(name) ?? undefined;
  const found = Object.entries(headers).find(([each]) => each.toLowerCase() === name)?.[1];
  return Array.isArray(found) ? found[0] : found;
}
