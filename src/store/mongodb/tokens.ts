import type { UpdateFilter } from 'mongodb';
import type { AuditNote, Owner, PushToken, Transaction } from '../../foundation/model/index.ts';
import type { Store, TokenTally } from '../store.ts';
import type { ActOptions } from './audited-writes.ts';
import type { TokenDocument } from './collections.ts';
import { isDuplicate } from './faults.ts';
import { conditionsOf, forPeople, orderOf } from './listing.ts';
import type { Location } from './locations.ts';
import type { Session } from './session.ts';
import { changeOf, documentOf, tokenOf } from './token-documents.ts';
import { asRead, newestFirst, openFor, type StoredTransaction, transactionOf } from './transaction-documents.ts';

type TokenStore = Pick<
  Store,
  | 'addToken'
  | 'findToken'
  | 'findTokenWithOpen'
  | 'tokensOf'
  | 'namesakes'
  | 'listTokens'
  | 'countTokens'
  | 'tallyTokens'
  | 'changeToken'
  | 'countFailure'
  | 'countLogin'
  | 'removeToken'
>;

/** The push tokens: one document each, found by serial. */
export function tokenStore(session: Session): TokenStore {
  const { run, names, locations, collections, audited } = session;
  const { tokens } = collections;
  const exists = async (serial: string): Promise<boolean> => (await tokens.countDocuments({ _id: serial }, { limit: 1 })) > 0;
  return {
    addToken: (token, note) =>
      run('addToken', () =>
        names.hold({ id: token.serial, names: [serialName(token.serial)], exists }, () => insert(session, token, note)),
      ),
    findToken: (serial) => run('findToken', () => found(session, serial, (location) => tokens.findOne(location))),
    findTokenWithOpen: (serial, now, most) =>
      run('findTokenWithOpen', async () => {
        let open: Transaction[] = [];
        const token = await found(session, serial, async (location) => {
          const [both] = await tokens.aggregate<TokenDocument & { open: StoredTransaction[] }>(withOpen(location, now, most)).toArray();
          if (!both) return null;
          const { open: stored, ...document } = both;
          open = stored.map(transactionOf).reverse();
          return document;
        });
        return token && { token, open };
      }),
    tokensOf: (keys) =>
      run('tokensOf', async () => {
        const owned = { ownerKeys: { $in: [...keys] } };
        return (await tokens.find(owned).sort({ _id: 1 }).toArray()).map((found) => learned(session, found));
      }),
    namesakes: (limit) =>
      run('namesakes', async () => {
        const found = await tokens.aggregate<{ owners: Owner[] }>(withSeveralNames(limit), { ...forPeople, allowDiskUse: true }).toArray();
        return found.flatMap(({ owners }) => owners);
      }),
    listTokens: (filter, page) =>
      run('listTokens', async () => {
        const conditions = conditionsOf(filter);
        const [count, found] = await Promise.all([
          // Without conditions, counts the smallest index instead of the documents.
          tokens.countDocuments(conditions, { ...forPeople, ...(Object.keys(conditions).length === 0 ? { hint: '_id_' } : {}) }),
          tokens.find(conditions, forPeople).sort(orderOf(page)).skip(page.offset).limit(page.limit).toArray(),
        ]);
        return { count, tokens: found.map(tokenOf) };
      }),
    countTokens: (type) => run('countTokens', () => tokens.countDocuments({ type }, forPeople)),
    tallyTokens: () =>
      run('tallyTokens', async () => {
        const found = await tokens.aggregate<{ _id: Omit<TokenTally, 'count'>; count: number }>(tally, forPeople).toArray();
        return found.map(({ _id, count }) => ({ ..._id, count }));
      }),
    changeToken: (serial, expectedVersion, change, note) =>
      run('changeToken', async () => {
        const act = (options: ActOptions): Promise<boolean> =>
          update(session, serial, { version: expectedVersion }, changeOf(change), options);
        const isChanged = await audited.write(note, act, Boolean);
        if (change.bucket !== undefined) locations.forget(serial);
        return isChanged ? 'changed' : 'conflict';
      }),
    countFailure: (serials, at, ceiling) =>
      run('countFailure', async () => {
        const next = { $add: ['$failCount', 1] };
        const exceededAt = { $cond: [{ $eq: [next, '$maxFail'] }, at, '$exceededAt'] };
        const raised = [{ $set: { failCount: { $min: [next, ceiling ?? '$maxFail'] }, exceededAt } }];
        await Promise.all(serials.map((serial) => update(session, serial, {}, raised)));
      }),
    countLogin: (serial, at, effect) =>
      run('countLogin', () => {
        const isNew = { 'lastLogin.effect': { $ne: effect }, 'lastLogin.at': { $not: { $gt: at } } };
        const location = locations.token(serial);
        return session.writeBehind.tokens.update({
          filter: { ...location, ...isNew },
          update: { $set: { failCount: 0, lastLogin: { at, effect } }, $unset: { exceededAt: '' }, $inc: { loginCount: 1 } },
          // No match: counted already, or moved to another shard, so try without the shard.
          anywhere: location.bucket === undefined ? undefined : { _id: serial, ...isNew },
        });
      }),
    removeToken: (serial, note) =>
      run('removeToken', async () => {
        const act = async (options: ActOptions): Promise<boolean> => (await tokens.deleteOne({ _id: serial }, options)).deletedCount === 1;
        const was = await audited.write(note, act, Boolean);
        locations.forget(serial);
        await names.release([serialName(serial)], [serial]);
        return was;
      }),
  };
}

/** Looks in the last known shard, then in all. */
async function found(
  session: Session,
  serial: string,
  look: (location: Location) => Promise<TokenDocument | null>,
): Promise<PushToken | undefined> {
  const { locations } = session;
  const location = locations.token(serial);
  const document = (await look(location)) ?? (location.bucket === undefined ? null : await look({ _id: serial }));
  if (!document) locations.forget(serial);
  return document ? learned(session, document) : undefined;
}

/** The push token with its open transactions in one command instead of two. */
function withOpen({ _id, ...besides }: Location, now: number, most: number | undefined): object[] {
  const limit = most === undefined ? [] : [{ $limit: most }];
  const pipeline = [{ $match: { ...openFor(_id, now), ...besides } }, { $sort: newestFirst }, ...limit, { $project: asRead }];
  return [{ $match: { _id, ...besides } }, { $lookup: { from: 'transactions', pipeline, as: 'open' } }];
}

const withSeveralNames = (limit: number): object[] => [
  { $match: { owner: { $exists: true } } },
  { $group: { _id: ['$lower.user', '$lower.realm'], names: { $addToSet: '$owner.user' }, owners: { $addToSet: '$owner' } } },
  { $match: { 'names.1': { $exists: true } } },
  { $limit: limit },
  { $project: { owners: 1 } },
];

const tally: object[] = [
  {
    $group: {
      _id: {
        type: '$type',
        rollout: '$rollout',
        enabled: '$enabled',
        assigned: { $ne: [{ $type: '$owner' }, 'missing'] },
        locked: { $gte: ['$failCount', '$maxFail'] },
      },
      count: { $sum: 1 },
    },
  },
  { $sort: { _id: 1 } },
];

function learned({ locations }: Session, document: TokenDocument): PushToken {
  locations.learn(document._id, document.bucket);
  return tokenOf(document);
}

async function insert({ locations, collections, audited }: Session, token: PushToken, note?: AuditNote): Promise<'added' | 'taken'> {
  try {
    await audited.write(note, (options) => collections.tokens.insertOne(documentOf(token), options), Boolean);
    locations.learn(token.serial, token.bucket);
    return 'added';
  } catch (error) {
    if (isDuplicate(error)) return 'taken';
    throw error;
  }
}

type TokenUpdate = UpdateFilter<TokenDocument> | object[];

/** Updates one push token; false when none matches. An outdated bucket costs a second try. */
async function update(
  { locations, collections }: Session,
  serial: string,
  condition: object,
  change: TokenUpdate,
  options: ActOptions = {},
): Promise<boolean> {
  const location = locations.token(serial);
  const { matchedCount } = await collections.tokens.updateOne({ ...location, ...condition }, change, options);
  if (matchedCount === 1 || location.bucket === undefined) return matchedCount === 1;
  locations.forget(serial);
  return (await collections.tokens.updateOne({ _id: serial, ...condition }, change, options)).matchedCount === 1;
}

/** The unique name of a serial. */
export const serialName = (serial: string): string => `serial/${serial}`;
