import { createHmac } from 'node:crypto';
import { equalText, sha256Hex } from '../../foundation/crypto/index.ts';
import type { Keyring } from '../../foundation/keyring/index.ts';
import type { KeptRequest } from '../../foundation/model/index.ts';
import { thrownFields } from '../../foundation/telemetry/index.ts';
import type { EngineParts } from '../parts.ts';

/** How long a repeated request gets the resource of the first one. */
export const keptRequestMs = 24 * 60 * 60_000;

/** After this time a request without a resource counts as abandoned: its gateway died, and the next one starts anew. */
const abandonedMs = 60_000;
const purpose = 'idempotency';

/**
 * A request with an idempotency key. `digest` is its content or a digest of it; only a keyed hash is stored, since the
 * content may have a PIN.
 */
export type RepeatableRequest = { authServer: string; key: string; digest: string };

/**
 * The end of a repeatable request. `conflict`: the key belongs to another content, whose resource is there unless it is
 * under way; `under-way`: the first request with this key and content has not ended.
 */
export type Once =
  | { kind: 'done'; resource: string; isRepeated: boolean }
  | { kind: 'conflict'; resource: string | undefined }
  | { kind: 'under-way' };

/** The parts that {@link once} needs. */
export type OnceParts = Pick<EngineParts, 'keyring' | 'clock' | 'log'> & {
  store: Pick<EngineParts['store'], 'claimRequest' | 'keepRequest' | 'forgetRequest'>;
};

/**
 * Runs `work` for the first request with this key of this auth server; a repeated one within 24 hours gets the same
 * resource. A failed `work` may be repeated at once, that of a crashed gateway after a minute.
 * @param work resolves with the id of the resource that it made
 */
export async function once(
  { store, keyring, clock, log }: OnceParts,
  { authServer, key, digest }: RepeatableRequest,
  work: () => Promise<string>,
): Promise<Once> {
  const begunAt = clock();
  const id = sha256Hex(JSON.stringify([authServer, key]));
  const keyed = `${keyring.currentKeyId}.${tagOf(keyring, digest, keyring.currentKeyId) ?? ''}`;
  const claim = await store.claimRequest({ id, digest: keyed, begunAt, endsAt: begunAt + keptRequestMs }, begunAt - abandonedMs);
  if (claim !== 'claimed') return repeated(keyring, claim, digest);
  let resource: string;
  try {
    resource = await work();
  } catch (error) {
    // The claim then ends by itself.
    await store.forgetRequest(id, begunAt).catch((fault: unknown) => log.warn(thrownFields(fault), 'a failed request stays claimed'));
    throw error;
  }
  await store.keepRequest(id, resource);
  return { kind: 'done', resource, isRepeated: false };
}

function repeated(keyring: Keyring, { digest: stored, resource }: KeptRequest, digest: string): Once {
  const [keyId = '', tag = ''] = stored.split('.');
  const own = tagOf(keyring, digest, keyId);
  if (own === undefined || !equalText(own, tag)) return { kind: 'conflict', resource };
  return resource === undefined ? { kind: 'under-way' } : { kind: 'done', resource, isRepeated: true };
}

function tagOf(keyring: Keyring, digest: string, keyId: string): string | undefined {
  const key = keyring.derive(purpose, keyId);
  return key && createHmac('sha256', key).update(digest).digest('base64url');
}
