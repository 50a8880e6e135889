import type { RelayDevice } from '../../foundation/model/index.ts';
import type { Store } from '../store.ts';
import type { DeviceDocument } from './collections.ts';
import { isDuplicate } from './faults.ts';
import type { Session } from './session.ts';

type DeviceStore = Pick<Store, 'findDevice' | 'putDevice' | 'removeDevice' | 'deadDevices'>;

/** Optional fields of a relay device: a write without one removes it. */
const optional = ['platform', 'publicKey', 'reference', 'signedAt', 'deadSince'] as const;

/** Relay devices: one document each. */
export function deviceStore({ run, collections: { devices } }: Session): DeviceStore {
  const insert = async (document: DeviceDocument): Promise<'put' | 'conflict'> => {
    try {
      await devices.insertOne(document);
      return 'put';
    } catch (error) {
      if (isDuplicate(error)) return 'conflict';
      throw error;
    }
  };
  return {
    findDevice: (gda) =>
      run('findDevice', async () => {
        const found = await devices.findOne({ _id: gda });
        return found ? deviceOf(found) : undefined;
      }),
    putDevice: (device, expectedVersion) =>
      run('putDevice', async () => {
        const document = documentOf(device);
        if (expectedVersion === undefined) return insert(document);
        const { _id, ...fields } = document;
        const $unset: Record<string, ''> = Object.fromEntries(
          optional.flatMap((name) => (document[name] === undefined ? [[name, '']] : [])),
        );
        return (await devices.updateOne({ _id, version: expectedVersion }, { $set: fields, $unset })).matchedCount === 1
          ? 'put'
          : 'conflict';
      }),
    removeDevice: (gda, expectedVersion) =>
      run('removeDevice', async () => (await devices.deleteOne({ _id: gda, version: expectedVersion })).deletedCount === 1),
    deadDevices: (owner, { since, after = '' }, limit) =>
      run('deadDevices', async () => {
        // `$exists` as in the partial index: otherwise the planner does not use it.
        const dead = devices.find({
          owner,
          deadSince: { $exists: true, $gte: since },
          $or: [{ deadSince: { $gt: since } }, { _id: { $gt: after } }],
        });
        return (await dead.sort({ deadSince: 1, _id: 1 }).limit(limit).toArray()).map(deviceOf);
      }),
  };
}

/** The document of a relay device. */
export const documentOf = ({ gda, ...device }: RelayDevice): DeviceDocument => ({ _id: gda, ...device });

/** Reads a relay device from its document. */
export const deviceOf = ({ _id, ...device }: DeviceDocument): RelayDevice => ({ gda: _id, ...device });
