import { type DeviceAddress, ok, type PushToken, type PushTokenChange, type Result, refused } from '../../foundation/model/index.ts';
import { limitedSource, type WrongProof } from '../limits/index.ts';
import type { EngineParts } from '../parts.ts';
import type { Pairing, PairingProtocol } from '../phones/phone-protocol.ts';
import { changeToken, type TokenAction } from '../records/change-token.ts';
import { enrolled } from './rollout.ts';

/** A phone's parsed pairing message, and the address that invalid ones count against. */
export type PairingRequest<M> = { message: M; source: string };

/**
 * The result of a pairing. `repeated`: the same message as the last one, which changes nothing and gets the same reply.
 */
export type PairingReply = 'paired' | 'moved' | 'repeated' | WrongProof;

/** {@link PushTokens.pair}. */
export async function pairPhone<M>(
  parts: EngineParts,
  phone: PairingProtocol<M>,
  { message, source }: PairingRequest<M>,
): Promise<PairingReply> {
  const shared = await parts.sharedKeys.find(phone.name, phone.partitionOf(message));
  const read = shared ? phone.readPairing(message, shared) : refused('its partition has no key');
  if (!read.ok) {
    // Sending garbage is free, so it writes nothing: no counter, and only a debug line.
    parts.log.debug({ why: read.error }, notTaken);
    return 'refused';
  }
  const { serial } = read.value;
  const found = await parts.store.findToken(serial);
  const token = found?.phone.protocol === phone.name ? found : undefined;
  // A client that knows a serial may pair first, so trying out serials is limited. Paired phones are not affected.
  if ((!token || token.rollout === 'offered') && parts.limits.isBlocked('pairing', source)) return 'turned-away';
  if (!token) return parts.limits.failed('pairing', source);
  const paired = await write(parts, token, read.value, enrolled(parts, source));
  if (paired.ok) return paired.value;
  const kind = await parts.limits.failed('rollout', limitedSource(source, token));
  if (kind === 'refused') parts.log.info({ serial, why: paired.error }, notTaken);
  return kind;
}

const notTaken = 'a pairing message was refused';

async function write(parts: EngineParts, token: PushToken, pairing: Pairing, act: TokenAction): Promise<Result<PairingReply, string>> {
  const last: { judged: Result<Judged, string> } = { judged: refused('the push token is gone') };
  const change = (current: PushToken): PushTokenChange | undefined => {
    last.judged = judge(current, pairing, parts.clock());
    return last.judged.ok ? last.judged.value.change : undefined;
  };
  const isBound = (): boolean => last.judged.ok && last.judged.value.reply === 'paired';
  const told: TokenAction = { ...act, noteFor: (it) => (isBound() ? act.noteFor(it) : undefined) };
  if ((await changeToken(parts, token.serial, change, { known: token, act: told })) === 'gone') return refused('the push token is gone');
  return last.judged.ok ? ok(last.judged.value.reply) : last.judged;
}

type Judged = { reply: PairingReply; change?: PushTokenChange };

/** The effect of a pairing message on its push token, or the reason for refusing it. */
function judge(token: PushToken, pairing: Pairing, now: number): Result<Judged, string> {
  const { rollout, addresses } = token;
  const used = usedBefore(token);
  if (token.revoked) return refused('the push token is revoked');
  if (rollout !== 'offered' && used.at(-1) === shortened(pairing)) return ok({ reply: 'repeated' });
  if (used.includes(shortened(pairing))) return refused('it was used before');
  const isSameKey = token.phonePublicKey === pairing.publicKey;
  const told = pairing.addresses.map((address): DeviceAddress => ({ ...address, since: now }));
  // Another phone cannot displace the first one, because only the first knows the address that it sent.
  const known = addresses.filter(({ kind }) => kind === pairing.addressKind);
  const all = [...addresses.filter(({ kind }) => kind !== pairing.addressKind), ...told];
  const isSameAddress = known.length === 0 || known.some(({ value }) => told.some((address) => address.value === value));
  // A token paired in time may be activated later, but not paired again.
  if (rollout !== 'enrolled' && now >= token.rolloutCredential.expiresAt) return refused('the offer has expired');
  switch (rollout) {
    case 'offered':
      return ok(bound(token, pairing, all));
    case 'paired':
    case 'activating':
      return isSameAddress ? ok(bound(token, pairing, all)) : refused('another phone paired first');
    case 'enrolled':
      return isSameKey ? ok(moved(token, pairing, all)) : refused('the key is not that of the bound phone');
    default:
      return rollout satisfies never;
  }
}

const bound = (token: PushToken, pairing: Pairing, addresses: DeviceAddress[]): Judged => ({
  reply: 'paired',
  change: {
    rollout: 'paired',
    enabled: false,
    phonePublicKey: pairing.publicKey,
    capabilities: pairing.capabilities,
    addresses,
    phone: { ...token.phone, part: { ...token.phone.part, ...pairing.part, pairings: pairingsWith(token, pairing) } },
  },
});

const moved = (token: PushToken, pairing: Pairing, addresses: DeviceAddress[]): Judged => ({
  reply: 'moved',
  change: { addresses, phone: { ...token.phone, part: { ...token.phone.part, pairings: pairingsWith(token, pairing) } } },
});

const digestLength = 12;
const maxRemembered = 256;
const usedBefore = ({ phone }: PushToken): string[] => (phone.part.pairings ?? '').split(' ').filter((digest) => digest !== '');
const shortened = ({ digest }: Pairing): string => digest.slice(0, digestLength);

/** The digests of used messages, the last one last. For a phone that pairs very often, the oldest are dropped. */
const pairingsWith = (token: PushToken, pairing: Pairing): string =>
  [...usedBefore(token), shortened(pairing)].slice(-maxRemembered).join(' ');
