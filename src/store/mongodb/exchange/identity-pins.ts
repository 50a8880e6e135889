import type { IdentityPin } from '../../../foundation/model/index.ts';
import type { ExchangeStore } from '../../exchange.ts';
import type { IdentityPinDocument } from '../collections.ts';
import { isDuplicate } from '../faults.ts';
import type { Session } from '../session.ts';

type IdentityPinStore = Pick<ExchangeStore, 'pinIdentity' | 'findIdentity' | 'removeIdentity' | 'listIdentities'>;

/** Identity pins: one document each. */
export function identityPinStore({ run, collections: { identityPins } }: Session): IdentityPinStore {
  const find = async (id: string): Promise<IdentityPin | undefined> => {
    const found = await identityPins.findOne({ _id: id });
    return found ? identityPinOf(found) : undefined;
  };
  const add = async (pin: IdentityPin): Promise<void> => {
    try {
      await identityPins.insertOne(identityPinDocument(pin));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  };
  return {
    pinIdentity: (pin) =>
      run('pinIdentity', async () => {
        for (;;) {
          const found = await find(pin.id);
          if (found) return found;
          await add(pin);
        }
      }),
    findIdentity: (id) => run('findIdentity', () => find(id)),
    removeIdentity: (id) => run('removeIdentity', async () => (await identityPins.deleteOne({ _id: id })).deletedCount === 1),
    listIdentities: (realm, after = '', limit) =>
      run('listIdentities', async () => {
        const found = identityPins.find({ realm, _id: { $gt: after } }, { sort: { _id: 1 }, limit });
        return (await found.toArray()).map(identityPinOf);
      }),
  };
}

/** The document of an identity pin. */
export const identityPinDocument = ({ id, ...pin }: IdentityPin): IdentityPinDocument => ({ _id: id, ...pin });

/** Reads an identity pin from its document. */
export const identityPinOf = ({ _id, ...pin }: IdentityPinDocument): IdentityPin => ({ id: _id, ...pin });
