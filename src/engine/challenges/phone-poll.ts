import type { DeviceAddress, PushToken, PushTokenChange } from '../../foundation/model/index.ts';
import { maxOpenChallenges } from '../admission/open-challenges.ts';
import { limitedSource, type WrongProof } from '../limits/index.ts';
import { type Asker, type EngineParts, ownerNames } from '../parts.ts';
import type { AddressUpdate, PhoneProtocol } from '../phones/phone-protocol.ts';
import { announcing } from '../records/capabilities.ts';
import { changeToken } from '../records/change-token.ts';
import { isForPhone, isSpokenBy } from '../records/phone-key.ts';
import { isInValidity } from '../records/usable.ts';
import { mayPoll } from './deliver.ts';

/** The reply to a poll: the sealed payloads of the phone's open challenges, oldest first, as delivered. */
export type PollReply = { kind: 'challenges'; payloads: string[] } | { kind: 'not-allowed' } | { kind: WrongProof };

/** A signed message of a phone: the serial, the parsed message, and its sender. */
export type PhoneRequest<M> = { serial: string; message: M; asker: Asker };

/** {@link Challenges.poll}. */
export async function poll<P>(
  parts: EngineParts,
  phone: PhoneProtocol<never, never, P>,
  { serial, message, asker }: PhoneRequest<P>,
): Promise<PollReply> {
  const found = await parts.store.findTokenWithOpen(serial, parts.clock(), maxOpenChallenges(parts));
  if (!found || !isBound(found.token, phone)) return { kind: 'refused' };
  const { token, open } = found;
  if (!mayPoll(parts, asker, token)) return { kind: 'not-allowed' };
  const announced = phone.readPoll(message, token);
  if (!announced) return { kind: await parts.limits.failed('poll', limitedSource(asker.client, token)) };
  const remembering = (current: PushToken): PushTokenChange | undefined => announcing(current, announced.capabilities);
  if (remembering(token)) parts.background.run('capabilities', () => changeToken(parts, serial, remembering, { known: token }));
  if (!token.enabled || !isInValidity(token, parts.clock())) return { kind: 'challenges', payloads: [] };
  const challenges = open.flatMap(({ decision }) =>
    decision.challenges.filter((challenge) => isForPhone(challenge, token) && challenge.state === 'pending'),
  );
  return { kind: 'challenges', payloads: challenges.map(({ payload }) => payload) };
}

/** The result of an address update; `stale`: the push token has accepted a newer one. */
export type AddressReply = 'updated' | 'repeated' | 'stale' | WrongProof;

/** {@link Challenges.updateAddress}. */
export async function updateAddress<U>(
  parts: EngineParts,
  phone: PhoneProtocol<never, never, never, U>,
  { serial, message, asker }: PhoneRequest<U>,
): Promise<AddressReply> {
  const token = await parts.store.findToken(serial);
  if (!token || !isBound(token, phone)) return 'refused';
  const update = phone.readAddressUpdate(message, token);
  if (!update) return parts.limits.failed('poll', limitedSource(asker.client, token));
  let reply: AddressReply = 'updated';
  const change = (current: PushToken): PushTokenChange | undefined => {
    reply = freshness(current, update);
    return reply === 'updated' ? { ...moved(current, update, parts.clock()), ...announcing(current, update.capabilities) } : undefined;
  };
  if ((await changeToken(parts, serial, change, { known: token })) === 'gone') return 'refused';
  if (reply === 'updated')
    parts.tell({ kind: 'address-told', serial, addressKind: update.kind, client: asker.client, ...ownerNames(token) });
  return reply;
}

/** Prevents that a recorded old update directs pushes to an old address. */
function freshness({ addressUpdate: last }: PushToken, { at, digest }: AddressUpdate): 'updated' | 'repeated' | 'stale' {
  if (last?.digest === digest) return 'repeated';
  return last && at <= last.at ? 'stale' : 'updated';
}

function moved({ addresses }: PushToken, { kind, value, at, digest }: AddressUpdate, now: number): PushTokenChange {
  const told: DeviceAddress[] = value === null ? [] : [{ kind, value, since: now }];
  return { addresses: [...addresses.filter((address) => address.kind !== kind), ...told], addressUpdate: { at, digest } };
}

/**
 * Whether a phone may send messages for this push token: the protocol matches, and the token is enrolled and not
 * revoked.
 */
const isBound = (token: PushToken, phone: Pick<PhoneProtocol, 'name' | 'types'>): boolean =>
  isSpokenBy(phone, token) && token.rollout === 'enrolled' && !token.revoked;
