import { readAddress } from '../../delivery/provider-kit/index.ts';
import { sha256Hex } from '../../foundation/crypto/index.ts';
import type { DeviceAddress, PushToken, PushTokenChange } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { changeToken, type TokenAction } from '../records/change-token.ts';

/** A device address without its times. */
export type AddressValue = Pick<DeviceAddress, 'kind' | 'value'>;

/** Most addresses of one push token: each living one is a step of a plan. */
export const maxAddresses = 8;

/** An id for an address that reveals nothing of it: 12 hex digits. */
export const addressId = ({ kind, value }: AddressValue): string => sha256Hex(`${kind}\n${value}`).slice(0, 12);

/**
 * The result of adding an address: its id, or the reason for refusing it; `why` is a sentence that does not repeat the
 * address.
 */
export type AddressAdded = { kind: 'added'; id: string } | { kind: 'full' } | { kind: 'gone' } | { kind: 'refused'; why: string };

/** {@link TokenAdministration.addAddress}. */
export async function addAddress(
  parts: EngineParts,
  serial: string,
  { kind, value }: AddressValue,
  act: TokenAction,
): Promise<AddressAdded> {
  const read = readAddress(kind, value);
  if (!read.ok) return { kind: 'refused', why: read.error };
  const address = { kind, value: read.value };
  let isFull = false;
  const change = ({ addresses }: PushToken): PushTokenChange | undefined => {
    const others = addresses.filter((each) => addressId(each) !== addressId(address));
    isFull = others.length >= maxAddresses;
    return isFull ? undefined : { addresses: [...others, { ...address, since: parts.clock() }] };
  };
  const changed = await changeToken(parts, serial, change, { act });
  if (changed === 'gone') return { kind: 'gone' };
  return isFull ? { kind: 'full' } : { kind: 'added', id: addressId(address) };
}

/** {@link TokenAdministration.removeAddress}. */
export async function removeAddress(parts: EngineParts, serial: string, id: string, act: TokenAction): Promise<boolean> {
  const change = ({ addresses }: PushToken): PushTokenChange | undefined => {
    const kept = addresses.filter((each) => addressId(each) !== id);
    return kept.length === addresses.length ? undefined : { addresses: kept };
  };
  return (await changeToken(parts, serial, change, { act })) === 'changed';
}

/** Marks addresses that a provider reported as dead, unless the phone has sent a newer one meanwhile. */
export async function markDead(parts: EngineParts, { serial }: PushToken, dead: readonly DeviceAddress[]): Promise<void> {
  const isDead = ({ kind, value, since, deadSince }: DeviceAddress): boolean =>
    deadSince === undefined && dead.some((each) => each.kind === kind && each.value === value && each.since === since);
  const changed = await changeToken(parts, serial, ({ addresses }) =>
    addresses.some(isDead)
      ? { addresses: addresses.map((address) => (isDead(address) ? { ...address, deadSince: parts.clock() } : address)) }
      : undefined,
  );
  if (changed !== 'changed') return;
  parts.tell({ kind: 'address-dead', serial, addressKinds: dead.map(({ kind }) => kind) });
}
