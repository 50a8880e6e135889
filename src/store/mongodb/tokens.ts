import type { UpdateFilter } from 'mongodb';
import type { PushToken, PushTokenChange } from '../../foundation/model/index.ts';
import type { Store } from '../store.ts';
import type { LowerTwins, TokenDocument } from './collections.ts';
import { isDuplicate } from './faults.ts';
import { conditionsOf, orderOf } from './listing.ts';
import type { Session } from './session.ts';

type TokenStore = Pick<
  Store,
  'addToken' | 'findToken' | 'tokensOf' | 'listTokens' | 'countTokens' | 'changeToken' | 'countFailure' | 'countLogin' | 'removeToken'
>;

/** Lists for people and hints may be read from a secondary while there is no primary; what decides a login may not. */
const forPeople = { readPreference: 'primaryPreferred' } as const;

/** The push tokens: one document each, found by serial. */
export function tokenStore(session: Session): TokenStore {
  const { run, names, routes, collections } = session;
  const { tokens } = collections;
  const exists = async (serial: string): Promise<boolean> => (await tokens.countDocuments({ _id: serial }, { limit: 1 })) > 0;
  return {
    addToken: (token) =>
      run('addToken', () => names.hold({ id: token.serial, names: [serialName(token.serial)], exists }, () => insert(session, token))),
    findToken: (serial) => run('findToken', () => find(session, serial)),
    tokensOf: (user, realm) =>
      run('tokensOf', async () => {
        const owned = { 'lower.user': user.toLowerCase(), 'lower.realm': realm.toLowerCase() };
        return (await tokens.find(owned).sort({ _id: 1 }).toArray()).map((found) => learned(session, found));
      }),
    listTokens: (filter, page) =>
      run('listTokens', async () => {
        const conditions = conditionsOf(filter);
        const [count, found] = await Promise.all([
          // Without conditions the smallest index is counted instead of the documents.
          tokens.countDocuments(conditions, { ...forPeople, ...(Object.keys(conditions).length === 0 ? { hint: '_id_' } : {}) }),
          tokens.find(conditions, forPeople).sort(orderOf(page)).skip(page.offset).limit(page.limit).toArray(),
        ]);
        return { count, tokens: found.map(tokenOf) };
      }),
    countTokens: (type) => run('countTokens', () => tokens.countDocuments({ type }, forPeople)),
    changeToken: (serial, expectedVersion, change) =>
      run('changeToken', async () => {
        const isChanged = await update(session, serial, { version: expectedVersion }, changeOf(change));
        if (change.bucket !== undefined) routes.forget(serial);
        return isChanged ? 'changed' : 'conflict';
      }),
    countFailure: (serials) =>
      run('countFailure', async () => {
        const raised = [{ $set: { failCount: { $min: [{ $add: ['$failCount', 1] }, '$maxFail'] } } }];
        await Promise.all(serials.map((serial) => update(session, serial, {}, raised)));
      }),
    countLogin: (serial, at, effect) =>
      run('countLogin', async () => {
        const isNew = { 'lastLogin.effect': { $ne: effect }, 'lastLogin.at': { $not: { $gt: at } } };
        await update(session, serial, isNew, { $set: { failCount: 0, lastLogin: { at, effect } }, $inc: { loginCount: 1 } });
      }),
    removeToken: (serial) =>
      run('removeToken', async () => {
        const { deletedCount } = await tokens.deleteOne({ _id: serial });
        routes.forget(serial);
        await names.release([serialName(serial)], [serial]);
        return deletedCount === 1;
      }),
  };
}

async function find(session: Session, serial: string): Promise<PushToken | undefined> {
  const { routes, collections } = session;
  const route = routes.token(serial);
  let found = await collections.tokens.findOne(route);
  if (!found && route.bucket !== undefined) found = await collections.tokens.findOne({ _id: serial });
  if (!found) routes.forget(serial);
  return found ? learned(session, found) : undefined;
}

function learned({ routes }: Session, document: TokenDocument): PushToken {
  routes.learn(document._id, document.bucket);
  return tokenOf(document);
}

async function insert({ routes, collections }: Session, token: PushToken): Promise<'added' | 'taken'> {
  try {
    await collections.tokens.insertOne(documentOf(token));
    routes.learn(token.serial, token.bucket);
    return 'added';
  } catch (error) {
    if (isDuplicate(error)) return 'taken';
    throw error;
  }
}

type TokenUpdate = UpdateFilter<TokenDocument> | object[];

/** One update of one push token; false when none fits. A bucket that is out of date costs a second try. */
async function update({ routes, collections }: Session, serial: string, condition: object, change: TokenUpdate): Promise<boolean> {
  const route = routes.token(serial);
  const { matchedCount } = await collections.tokens.updateOne({ ...route, ...condition }, change);
  if (matchedCount === 1 || route.bucket === undefined) return matchedCount === 1;
  routes.forget(serial);
  return (await collections.tokens.updateOne({ _id: serial, ...condition }, change)).matchedCount === 1;
}

const serialName = (serial: string): string => `serial/${serial}`;

function documentOf({ serial, ...rest }: PushToken): TokenDocument {
  const { owner } = rest;
  const lower: LowerTwins = { serial: serial.toLowerCase(), ...(owner ? lowerOwner(owner) : {}) };
  return { _id: serial, ...rest, lower };
}

function tokenOf({ _id, lower: _lower, ...rest }: TokenDocument): PushToken {
  return { serial: _id, ...rest };
}

const lowerOwner = ({ user, realm }: { user: string; realm: string }) => ({ user: user.toLowerCase(), realm: realm.toLowerCase() });

/** Sets and takes away single fields, never the document: what others count in it meanwhile stays. */
function changeOf(change: PushTokenChange): UpdateFilter<TokenDocument> {
  const update: { $inc: { version: 1 }; $set: Record<string, unknown>; $unset: Record<string, ''> } = {
    $inc: { version: 1 },
    $set: {},
    $unset: {},
  };
  const put = (name: string, value: unknown): void => {
    if (value === null) update.$unset[name] = '';
    else if (value !== undefined) update.$set[name] = value;
  };
  for (const [name, value] of Object.entries(change)) put(name, value);
  if (change.owner !== undefined) {
    put('lower.user', change.owner?.user.toLowerCase() ?? null);
    put('lower.realm', change.owner?.realm.toLowerCase() ?? null);
  }
  return update;
}
