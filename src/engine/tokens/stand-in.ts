import { createHmac } from 'node:crypto';
import type { PushToken } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { personKey } from '../people/person-key.ts';
import { bucketOf } from '../records/shard-bucket.ts';

/** The form of a dialect's push tokens. */
export type TokenForm = { type: string; phone: { protocol: string; flavour: string }; serialPrefix: string; serialBytes: number };

const purpose = 'stand-in';

/**
 * A fictitious push token for a user without one, where replies must not reveal that. It is always the same for a name,
 * or has the `serial` that was named. It is in no store and on no phone.
 */
export function standIn(
  parts: Pick<EngineParts, 'keyring' | 'clock' | 'settings' | 'realms'>,
  { user, realm, serial: asked, form }: { user: string; realm: string; serial?: string | undefined; form: TokenForm },
): PushToken {
  const { keyring, clock, settings } = parts;
  // Derived from the oldest key, so that it stays the same when the keyring gets another one.
  const key = keyring.derive(purpose, keyring.keyIds[0]) ?? '';
  const digest = createHmac('sha256', key).update(personKey(parts, { user, realm })).digest();
  const number = String(digest.readUInt32BE() % 10_000).padStart(4, '0');
  const random = digest.subarray(4, 4 + form.serialBytes).toString('hex');
  const serial = asked ?? `${form.serialPrefix}${number}${random.toUpperCase()}`;
  return {
    serial,
    bucket: bucketOf(serial, { user, realm, resolver: '' }),
    version: 0,
    createdAt: clock(),
    type: form.type,
    realms: [],
    description: '',
    rollout: 'enrolled',
    enabled: true,
    revoked: false,
    failCount: 0,
    maxFail: settings.maxFailCount,
    phone: { ...form.phone, part: {} },
    addresses: [],
    capabilities: [],
    registrationUrl: '',
    rolloutCredential: { digest: '', expiresAt: 0 },
    loginCount: 0,
  };
}
