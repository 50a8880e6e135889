import type { DeviceAddress, RelayDevice } from '../../foundation/model/index.ts';

const fcm = /^fcm[.:](.+)$/;
const apns = /^apns?[.:]([0-9a-fA-F]{64,200})$/;

/** The address that a gda contains: `fcm:…` or `fcm.…`, `apns:…`, or `apn.` and 64 hex digits as in LinOTP's apps. */
export function carriedAddress(gda: string): Pick<DeviceAddress, 'kind' | 'value'> | undefined {
  const token = fcm.exec(gda)?.[1];
  if (token !== undefined) return { kind: 'fcm', value: token };
  const hex = apns.exec(gda)?.[1];
  return hex === undefined ? undefined : { kind: 'apns', value: hex.toLowerCase() };
}

/**
 * All addresses of a gda: the registered ones, the one that it contains, and itself, for a challenge service behind
 * this gateway. Registered ones come first and know which are dead.
 */
export function addressesOf(gda: string, device: RelayDevice | undefined): DeviceAddress[] {
  const carried = carriedAddress(gda);
  const since = 0;
  const all = [...(device?.addresses ?? []), ...(carried ? [{ ...carried, since }] : []), { kind: 'gda' as const, value: gda, since }];
  return all.filter(({ kind, value }, at) => all.findIndex((other) => other.kind === kind && other.value === value) === at);
}
