import type { DeviceAddress, RelayDevice } from '../../foundation/model/index.ts';

const fcm = /^fcm[.:](.+)$/;
const apns = /^apns?[.:]([0-9a-fA-F]{64,200})$/;

/** The address that a gda carries itself: `fcm:…` or `fcm.…`, `apns:…` or, as LinOTP's apps have it, `apn.` and 64 hex digits. */
export function carriedAddress(gda: string): Pick<DeviceAddress, 'kind' | 'value'> | undefined {
  const token = fcm.exec(gda)?.[1];
  if (token !== undefined) return { kind: 'fcm', value: token };
  const hex = apns.exec(gda)?.[1];
  return hex === undefined ? undefined : { kind: 'apns', value: hex.toLowerCase() };
}

/**
 * Everything that a gda may be reached by: what was registered for it, what it carries, and itself, for a challenge service behind us. What is
 * registered stands first, and knows what is dead.
 */
export function addressesOf(gda: string, device: RelayDevice | undefined): DeviceAddress[] {
  const carried = carriedAddress(gda);
  const since = 0;
  const all = [...(device?.addresses ?? []), ...(carried ? [{ ...carried, since }] : []), { kind: 'gda' as const, value: gda, since }];
  return all.filter(({ kind, value }, at) => all.findIndex((other) => other.kind === kind && other.value === value) === at);
}
