import { createHash, verify } from 'node:crypto';
import { readSpki, verifySha256 } from '../../foundation/crypto/index.ts';
import type { DeviceAddress, RelayDevice, Transaction } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';
import { relaySerial } from './request.ts';

/** Facts for registering a relay device; absent ones stay unchanged. */
export type DeviceFacts = { address?: Pick<DeviceAddress, 'kind' | 'value'>; platform?: string; publicKey?: string };

/**
 * Who registers a relay device: an auth server (or an administrator for it), or the phone itself, which signed at `at`.
 */
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
  // A message signed before the last change is a replay.
  return found !== undefined && by.at > (found.signedAt ?? 0);
}

/**
 * A request signed by a phone: `at` is the time that it states (epoch ms), `source` the address that wrong signatures
 * count against.
 */
export type SignedRequest = { method: string; gda: string; at: number; body: Uint8Array; signature: string; source: string };

const toleranceMs = 60_000;
/** Used when there is no key, so that an unknown gda takes as long as a wrong signature. */
const decoyKey = 'MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=';

/** {@link Relay.signedDevice}. */
export async function signedDevice(parts: EngineParts, request: SignedRequest): Promise<RelayDevice | undefined> {
  const { store, limits, clock } = parts;
  const device = await store.findDevice(request.gda);
  const isSigned = isSignedBy(device?.publicKey ?? decoyKey, signedText(request), Buffer.from(request.signature, 'base64'));
  const isTimely = Math.abs(clock() - request.at) <= toleranceMs;
  if (device?.publicKey !== undefined && isSigned && isTimely) return device;
  // Counts by address alone: with the gda, invented names would each have a limit, and a limit for known names only
  // would reveal them.
  await limits.failedOrThrow('device', request.source);
  return undefined;
}

/** The five lines that a phone signs. @see docs/linotp.md */
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
