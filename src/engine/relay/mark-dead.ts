import type { DeviceAddress, RelayDevice } from '../../foundation/model/index.ts';
import type { EngineParts } from '../parts.ts';

const maxAttempts = 5;
const isSame = (one: DeviceAddress, other: DeviceAddress): boolean =>
  one.kind === other.kind && one.value === other.value && one.since === other.since;

/**
 * Marks addresses of a gda as dead, so that they are not used any more and its auth server learns of it. Makes a record
 * for a gda that was never registered; one that was registered again meanwhile keeps its new addresses.
 */
export async function markDeviceDead(
  { store, clock, log }: EngineParts,
  named: Pick<RelayDevice, 'gda' | 'owner' | 'reference'>,
  dead: readonly DeviceAddress[],
): Promise<void> {
  const { gda, owner } = named;
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const now = clock();
    const found = await store.findDevice(gda);
    if (found && found.owner !== owner) return;
    const before = found?.addresses ?? [];
    const carried = dead.filter(({ kind, value }) => !before.some((each) => each.kind === kind && each.value === value));
    const marked = before.map((each) =>
      each.deadSince === undefined && dead.some((one) => isSame(one, each)) ? { ...each, deadSince: now } : each,
    );
    const addresses = [...marked, ...carried.filter(({ since }) => since === 0).map((each) => ({ ...each, deadSince: now }))];
    if (addresses.every(({ deadSince }) => deadSince !== now)) return;
    const base = found ?? { ...named, version: -1, lastSeen: now };
    const device: RelayDevice = { ...base, addresses, deadSince: now, version: base.version + 1 };
    if ((await store.putDevice(device, found?.version)) === 'conflict') continue;
    log.warn(
      { authServer: owner, kinds: dead.map(({ kind }) => kind) },
      'an address of a relay device is dead; it will not be used until it is registered again',
    );
    return;
  }
}
