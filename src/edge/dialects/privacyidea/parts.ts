import type { Context } from 'koa';
import { type Asker, factsOfPerson, type UserRecord } from '../../../engine/index.ts';
import type { AuthServer } from '../../access/index.ts';
import type { PiProduct } from '../../formats/privacyidea/index.ts';
import { askerOf, type CallerParts, clientsOf } from '../../http/index.ts';

/** The parts of the dialect: the engine, the recognition of callers, and the mount's settings. */
export type PrivacyideaParts = CallerParts & {
  /** The user's address for policies; a trusted proxy may name it. */
  userAddress: (ctx: Context) => string;
  product: PiProduct;
  mount: { path: string; publicPoll: boolean };
  /** How long an auth server may finish after an answer, in ms. */
  graceMs: number;
};

/** The dialect's name in transactions and policies, for every flavour. */
export const dialect = 'privacyidea';

/** The caller as policies see it: its auth server, if any, and the known facts about the user. */
export const askerFor = ({ mount, product, ...parts }: PrivacyideaParts, ctx: Context, authServer?: AuthServer): Asker => ({
  ...askerOf(ctx, {
    authServer: authServer?.name ?? '',
    realms: authServer?.realms,
    dialect,
    ...clientsOf(parts, ctx),
    mount: mount.path,
    flavour: product.flavour,
  }),
  ...userFacts(ctx),
});

const records = new WeakMap<Context, UserRecord>();

/** Remembers a source's record of the request's user for later policies and texts. */
export function rememberUser(ctx: Context, record: UserRecord): void {
  records.set(ctx, record);
}

/** The facts about the request's user for policies and texts; empty before a lookup. */
export function userFacts(ctx: Context): Pick<Asker, 'resolver' | 'userinfo'> {
  const record = records.get(ctx);
  return record ? factsOfPerson(record) : {};
}
