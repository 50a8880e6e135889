import type { DeviceAddress, PushToken } from '../../foundation/model/index.ts';
import { limitedSource, type WrongProof } from '../limits/index.ts';
import { type Asker, type EngineParts, whomOf } from '../parts.ts';
import type { PhoneProtocol } from '../phones/phone-protocol.ts';
import { changeToken } from '../records/change-token.ts';
import { isForPhone, isSpokenBy } from '../records/phone-key.ts';
import { isInValidity } from '../records/usable.ts';
import { mayPoll } from './deliver.ts';

/** What is waiting for a phone: the sealed payloads of its open challenges, oldest first, as they were delivered. */
export type PollReply = { kind: 'challenges'; payloads: string[] } | { kind: 'not-allowed' } | { kind: WrongProof };

/** A signed message of a phone: its serial, the message as its protocol parsed it, and who sent it. */
export type PhoneRequest<M> = { serial: string; message: M; asker: Asker };

/** {@link Challenges.poll}. */
export async function poll<P>(
  parts: EngineParts,
  phone: PhoneProtocol<never, never, P>,
  { serial, message, asker }: PhoneRequest<P>,
): Promise<PollReply> {
  const found = await parts.store.findTokenWithOpen(serial, parts.clock());
  if (!found || !isBound(found.token, phone)) return { kind: 'refused' };
  const { token, open } = found;
  if (!mayPoll(parts, asker, token)) return { kind: 'not-allowed' };
  if (!phone.readPoll(message, token)) return { kind: await parts.limits.failed('poll', limitedSource(asker.client, token)) };
  if (!token.enabled || !isInValidity(token, parts.clock())) return { kind: 'challenges', payloads: [] };
  const challenges = open.flatMap(({ decision }) =>
    decision.challenges.filter((challenge) => isForPhone(challenge, token) && challenge.state === 'pending'),
  );
  return { kind: 'challenges', payloads: challenges.map(({ payload }) => payload) };
}

/** {@link Challenges.updateAddress}. */
export async function updateAddress<U>(
  parts: EngineParts,
  phone: PhoneProtocol<never, never, never, U>,
  { serial, message, asker }: PhoneRequest<U>,
): Promise<'updated' | WrongProof> {
  const token = await parts.store.findToken(serial);
  if (!token || !isBound(token, phone)) return 'refused';
  const update = phone.readAddressUpdate(message, token);
  if (!update) return parts.limits.failed('poll', limitedSource(asker.client, token));
  const { kind, value } = update;
  const told: DeviceAddress[] = value === null ? [] : [{ kind, value, since: parts.clock() }];
  const withNew = ({ addresses }: PushToken): DeviceAddress[] => [...addresses.filter((address) => address.kind !== kind), ...told];
  const changed = await changeToken(parts, serial, (current) => ({ addresses: withNew(current) }), { known: token });
  if (changed !== 'changed') return 'refused';
  parts.tell({ kind: 'address-told', serial, addressKind: kind, client: asker.client, ...whomOf(token) });
  return 'updated';
}

/** Whether a phone may speak for this push token: it is of the phone's protocol, bound, not revoked. */
const isBound = (token: PushToken, phone: Pick<PhoneProtocol, 'name' | 'types'>): boolean =>
  isSpokenBy(phone, token) && token.rollout === 'enrolled' && !token.revoked;
