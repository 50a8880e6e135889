import { openPseudonyms } from '../../foundation/keyring/index.ts';
import type { DeviceAddress, PushToken } from '../../foundation/model/index.ts';
import { admittedTokens, mayAskFor } from '../admission/admission.ts';
import { type EngineParts, ownerNames } from '../parts.ts';
import { isInService } from '../records/usable.ts';
import { markDead } from '../tokens/addresses.ts';
import { addressesOf } from './addresses.ts';
import { markDeviceDead } from './mark-dead.ts';
import { type GivenAddress, type RelayRequest, relaySerial } from './request.ts';

/** The phone of a relayed challenge. Without addresses, this auth server has no such phone. */
export type RelayPhone = {
  /** What its challenges are stored under. Reveals no address and no serial. */
  serial: string;
  /** What its pushes are counted under. */
  counted: readonly string[];
  addresses: readonly DeviceAddress[];
  /** The phone protocol of its payloads. */
  protocol: string;
  /** A device, by its auth server's id. */
  gda?: string;
  /** The device has a key, so it can prove itself to poll. */
  hasKey?: boolean;
  token?: PushToken;
};

const devicesProtocol = 'linotp';

/** Finds the phone that a request means. What belongs to another auth server counts as unknown. */
export async function findPhone(parts: EngineParts, { asker, to, protocol }: RelayRequest): Promise<RelayPhone> {
  switch (to.kind) {
    case 'device': {
      const { gda } = to;
      const found = await parts.store.findDevice(gda);
      const device = found?.owner === asker.authServer ? found : undefined;
      const addresses = found && !device ? [] : addressesOf(gda, device);
      const serial = relaySerial(gda);
      const hasKey = device?.publicKey !== undefined;
      return { serial, counted: [serial], addresses, protocol: protocol ?? devicesProtocol, gda, hasKey };
    }
    case 'token': {
      const token = await usableToken(parts, asker, to.serial);
      const serial = pseudonym(parts, ['serial', to.serial]);
      const facts = token ? { token, addresses: token.addresses, protocol: token.phone.protocol } : { addresses: [], protocol: '' };
      return { serial, counted: [serial], ...facts, ...(protocol === undefined ? {} : { protocol }) };
    }
    case 'addresses': {
      const names = to.addresses.map((each) => nameOf(parts, asker.authServer, each));
      const addresses = to.addresses.map(({ kind, value }): DeviceAddress => ({ kind, value, since: 0 }));
      return { serial: names[0] ?? '', counted: [...new Set(names)], addresses, protocol: protocol ?? devicesProtocol };
    }
    default:
      return to satisfies never;
  }
}

async function usableToken(parts: EngineParts, asker: RelayRequest['asker'], serial: string): Promise<PushToken | undefined> {
  const token = await parts.store.findToken(serial);
  if (!token || !mayAskFor(asker, ownerNames(token).realm) || !isInService(token, parts.clock())) return undefined;
  return admittedTokens(parts, asker, [token])[0];
}

/**
 * Marks addresses of a phone as dead. An address that is registered nowhere gets a record, by a pseudonym and without
 * its value, so that its auth server finds it in the feed.
 */
export async function markPhoneDead(
  parts: EngineParts,
  { asker: { authServer: owner }, to }: RelayRequest,
  { token }: RelayPhone,
  dead: readonly DeviceAddress[],
): Promise<void> {
  if (to.kind === 'device') return markDeviceDead(parts, { gda: to.gda, owner }, dead);
  if (token) return markDead(parts, token, dead);
  if (to.kind === 'token') return undefined;
  for (const { kind, value } of dead) {
    const given = to.addresses.find((each) => each.kind === kind && each.value === value);
    const named = given?.reference === undefined ? {} : { reference: given.reference };
    const gda = nameOf(parts, owner, { kind, value, ...named });
    await markDeviceDead(parts, { gda, owner, ...named }, [{ kind, value: '', since: 0 }]);
  }
}

/** Of a large space, so that no auth server can register the name that an address of another one will get. */
const nameOf = (parts: EngineParts, authServer: string, { kind, value, reference }: GivenAddress): string =>
  pseudonym(parts, ['address', authServer, kind, value, reference]);

const pseudonym = ({ keyring }: EngineParts, parts: readonly unknown[]): string =>
  openPseudonyms(keyring, 'relayed pushes')(JSON.stringify(parts));
