import type { RelayDevice } from '../../foundation/model/index.ts';
import type { Store } from '../store.ts';
import type { Row, Session } from './session.ts';

type DeviceStore = Pick<Store, 'findDevice' | 'putDevice' | 'removeDevice' | 'deadDevices'>;

/** Relay devices: one row each, with columns for the searched fields beside the whole record. */
export function deviceStore(session: Session): DeviceStore {
  const { get, all, run, read, write } = session;
  return {
    findDevice: (gda) =>
      read('findDevice', () => {
        const row = get('SELECT body FROM devices WHERE gda = ?', gda);
        return row && deviceOf(row);
      }),
    putDevice: (device, expectedVersion) =>
      write('putDevice', () => {
        if (expectedVersion === undefined) return saveDevice(session, device, 'INSERT OR IGNORE') === 1 ? 'put' : 'conflict';
        const found = get('SELECT 1 FROM devices WHERE gda = ? AND version = ?', device.gda, expectedVersion);
        if (!found) return 'conflict';
        saveDevice(session, device, 'INSERT OR REPLACE');
        return 'put';
      }),
    removeDevice: (gda, expectedVersion) =>
      write('removeDevice', () => run('DELETE FROM devices WHERE gda = ? AND version = ?', gda, expectedVersion) === 1),
    deadDevices: (owner, { since, after = '' }, limit) =>
      read('deadDevices', () => {
        const where = 'owner = ? AND dead_since IS NOT NULL AND dead_since >= ? AND (dead_since > ? OR gda > ?)';
        return all(`SELECT body FROM devices WHERE ${where} ORDER BY dead_since, gda LIMIT ?`, owner, since, since, after, limit).map(
          deviceOf,
        );
      }),
  };
}

/** Writes a relay device; returns the number of changed rows. */
export function saveDevice({ run }: Session, device: RelayDevice, how: 'INSERT OR IGNORE' | 'INSERT OR REPLACE'): number {
  const { gda, owner, version, deadSince } = device;
  const into = 'INTO devices (gda, owner, version, dead_since, body) VALUES (?, ?, ?, ?, ?)';
  return run(`${how} ${into}`, gda, owner, version, deadSince ?? null, JSON.stringify(device));
}

/** Reads a relay device from its row. */
export const deviceOf = ({ body }: Row): RelayDevice => JSON.parse(String(body));
