import type { IdentityPin } from '../../../foundation/model/index.ts';
import type { ExchangeStore } from '../../exchange.ts';
import type { Row, Session } from '../session.ts';

type IdentityPinStore = Pick<ExchangeStore, 'pinIdentity' | 'findIdentity' | 'removeIdentity' | 'listIdentities'>;

/** Identity pins: one row each. */
export function identityPinStore({ get, all, run, read, write }: Session): IdentityPinStore {
  const find = (id: string): IdentityPin | undefined => {
    const row = get('SELECT * FROM identity_pins WHERE id = ?', id);
    return row && identityPinOf(row);
  };
  return {
    pinIdentity: (pin) =>
      write('pinIdentity', () => {
        saveIdentityPin(run, pin, 'INSERT OR IGNORE');
        return find(pin.id) ?? pin;
      }),
    findIdentity: (id) => read('findIdentity', () => find(id)),
    removeIdentity: (id) => write('removeIdentity', () => run('DELETE FROM identity_pins WHERE id = ?', id) === 1),
    listIdentities: (realm, after, limit) =>
      read('listIdentities', () =>
        all('SELECT * FROM identity_pins WHERE realm = ? AND id > ? ORDER BY id LIMIT ?', realm, after ?? '', limit).map(identityPinOf),
      ),
  };
}

/** Reads an identity pin from its row. */
export const identityPinOf = ({ id, issuer, subject, user, realm, at }: Row): IdentityPin => ({
  id: String(id),
  issuer: String(issuer),
  subject: String(subject),
  user: String(user),
  realm: String(realm),
  at: Number(at),
});

/** Writes an identity pin as a row; returns the number of changed rows. */
export const saveIdentityPin = (run: Session['run'], pin: IdentityPin, how: 'INSERT OR IGNORE' | 'INSERT OR REPLACE'): number =>
  run(
    `${how} INTO identity_pins (id, issuer, subject, user, realm, at) VALUES (?, ?, ?, ?, ?, ?)`,
    pin.id,
    pin.issuer,
    pin.subject,
    pin.user,
    pin.realm,
    pin.at,
  );
