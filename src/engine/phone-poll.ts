import { type DeviceAddress, GatewayFault } from '../foundation/model/index.ts';
import { mayPoll } from './deliver.ts';
import type { Asker, EngineParts } from './parts.ts';
import type { PhoneProtocol } from './phone-protocol.ts';

const maxAttempts = 3;

/** What is waiting for a phone: the sealed payloads of its open challenges, oldest first, as they were delivered. */
export type PollReply = { kind: 'challenges'; payloads: string[] } | { kind: 'not-allowed' } | { kind: 'refused' };

/** A signed message of a phone: its serial, the message as its protocol parsed it, and who sent it. */
export type PhoneRequest<M> = { serial: string; message: M; asker: Asker };

/** Serves a phone that asks what is waiting for it. An unknown serial and a wrong signature are refused alike. */
export async function poll<P>(
  parts: EngineParts,
  phone: PhoneProtocol<never, never, P>,
  { serial, message, asker }: PhoneRequest<P>,
): Promise<PollReply> {
  if (parts.limits.isBlocked('poll', asker.client)) return { kind: 'refused' };
  const token = await parts.store.findToken(serial);
  if (token && token.phone.protocol === phone.name && !mayPoll(parts, asker, token)) return { kind: 'not-allowed' };
  const isOurs = token?.phone.protocol === phone.name && token.rollout === 'enrolled' && !token.revoked;
  if (!token || !isOurs || !phone.readPoll(message, token)) {
    await parts.limits.failed('poll', asker.client);
    return { kind: 'refused' };
  }
  if (!token.enabled) return { kind: 'challenges', payloads: [] };
  const open = await parts.store.openTransactionsOf(token.serial, parts.clock());
  const challenges = open.flatMap(({ decision }) =>
    decision.challenges.filter((challenge) => challenge.serial === serial && challenge.state === 'pending'),
  );
  return { kind: 'challenges', payloads: challenges.map(({ payload }) => payload) };
}

/**
 * Takes a phone's new device address in place of its old ones of that kind. Refused for an unknown serial and a wrong signature alike.
 * Throws `store-unavailable` when others kept changing the push token.
 */
export async function updateAddress<U>(
  parts: EngineParts,
  phone: PhoneProtocol<never, never, never, U>,
  { serial, message, asker }: PhoneRequest<U>,
): Promise<'updated' | 'refused'> {
  if (parts.limits.isBlocked('poll', asker.client)) return 'refused';
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const token = await parts.store.findToken(serial);
    const isOurs = token?.phone.protocol === phone.name && token.rollout === 'enrolled' && !token.revoked;
    const update = token && isOurs ? phone.readAddressUpdate(message, token) : undefined;
    if (!token || !update) {
      await parts.limits.failed('poll', asker.client);
      return 'refused';
    }
    const { kind, value } = update;
    const kept = token.addresses.filter((address) => address.kind !== kind);
    const addresses: DeviceAddress[] = value === null ? kept : [...kept, { kind, value, since: parts.clock() }];
    if ((await parts.store.changeToken(serial, token.version, { addresses })) === 'changed') return 'updated';
  }
  throw new GatewayFault('store-unavailable', `Push token ${serial} was changed by others ${maxAttempts} times in a row`);
}
