import { createHash, verify } from 'node:crypto';
import { readSpki, verifySha256 } from '../../foundation/crypto/index.ts';
import type { DeviceAddress, RelayDevice, Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { relaySerial } from './transaction.ts';

/** What is told of a relay device when it is registered; what is absent stays as it is. */
export type DeviceFacts = { address?: Pick<DeviceAddress, 'kind' | 'value'>; platform?: string; publicKey?: string };

/** Who registers it: an auth server (or an administrator for it), or the phone itself, which has signed at `at`. */
export type Registrant = { kind: 'auth-server'; name: string } | { kind: 'phone'; at: number };

const maxAttempts = 5;

/** {@link Relay.putDevice}. */
export async function putDevice(
  { store, clock }: EngineParts,
  gda: string,
  facts: DeviceFacts,
  by: Registrant,
): Promise<'put' | 'refused' | 'busy'> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const found = await store.findDevice(gda);
    if (!mayChange(found, by)) return 'refused';
    const now = clock();
    const owner = by.kind === 'auth-server' ? by.name : (found?.owner ?? '');
    const { deadSince: _alive, ...before } = found ?? { gda, owner, version: -1, addresses: [], lastSeen: now };
    const { address, ...rest } = facts;
    const device: RelayDevice = {
      ...before,
      ...rest,
      addresses: address ? [{ ...address, since: now }] : before.addresses.filter(({ deadSince }) => deadSince === undefined),
      lastSeen: now,
      version: before.version + 1,
      ...(by.kind === 'phone' ? { signedAt: by.at } : {}),
    };
    if ((await store.putDevice(device, found?.version)) === 'put') return 'put';
  }
  return 'busy';
}

/** {@link Relay.removeDevice}. */
export async function removeDevice({ store }: EngineParts, gda: string, by: Registrant): Promise<'removed' | 'refused' | 'busy'> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const found = await store.findDevice(gda);
    if (!found || !mayChange(found, by)) return 'refused';
    if (await store.removeDevice(gda, found.version)) return 'removed';
  }
  return 'busy';
}

function mayChange(found: RelayDevice | undefined, by: Registrant): boolean {
  if (by.kind === 'auth-server') return found === undefined || found.owner === by.name;
  // What was signed before the last change is somebody else's repetition of it.
  return found !== undefined && by.at > (found.signedAt ?? 0);
}

/** A request that a phone has signed: `at` is the moment that it names (epoch ms), `source` the address that pays for wrong signatures. */
export type SignedRequest = { method: string; gda: string; at: number; body: Uint8Array; signature: string; source: string };

const toleranceMs = 60_000;
/** Checked where there is no key to check with, so that an unknown gda takes as long as a wrong signature. */
const nobodysKey = 'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

/** {@link Relay.signedDevice}. */
export async function signedDevice(parts: EngineParts, request: SignedRequest): Promise<RelayDevice | undefined> {
  const { store, limits, clock } = parts;
  const device = await store.findDevice(request.gda);
  const isSigned = isSignedBy(device?.publicKey ?? nobodysKey, signedText(request), Buffer.from(request.signature, 'base64'));
  const isTimely = Math.abs(clock() - request.at) <= toleranceMs;
  if (device?.publicKey !== undefined && isSigned && isTimely) return device;
  // By the address alone: a stranger who makes up names would have a limit for each, and one for known names alone would tell them apart.
  await limits.failedOpenly('device', request.source);
  return undefined;
}

/** The bytes that a phone signs: five lines. @see docs/linotp.md */
export const signedText = ({ method, gda, at, body }: Pick<SignedRequest, 'method' | 'gda' | 'at' | 'body'>): Buffer =>
  Buffer.from(['pushgate-device-1', method, gda, String(at), createHash('sha256').update(body).digest('hex')].join('\n'));

function isSignedBy(publicKey: string, data: Uint8Array, signature: Uint8Array): boolean {
  const key = readSpki(publicKey);
  if (!key) return false;
  return key.asymmetricKeyType === 'ed25519' ? verify(null, data, key, signature) : verifySha256(key, data, signature);
}

/** {@link Relay.waitingFor}. */
export async function waitingFor({ store, clock }: EngineParts, { gda, owner }: RelayDevice): Promise<Transaction[]> {
  const open = await store.openTransactionsOf(relaySerial(gda), clock());
  return open.filter(({ authServer }) => authServer === owner);
}
