import type { Context } from 'koa';
import { type Asker, factsOfPerson, type UserRecord } from '../../../engine/index.ts';
import type { AuthServer } from '../../access/index.ts';
import type { PiProduct } from '../../formats/privacyidea/index.ts';
import { askerOf, type CallerParts, clientsOf } from '../../http/index.ts';

/** What the dialect works with: the engine, who may call, and what its mount says. */
export type PrivacyideaParts = CallerParts & {
  /** The address that policies take for the user's: a proxy that is known for it may name it. */
  userAddress: (ctx: Context) => string;
  product: PiProduct;
  mount: { path: string; publicPoll: boolean };
  /** How long an auth server may finish after an answer, in ms. */
  graceMs: number;
};

/** The asker of a request, as policies see it: this auth server, or nobody that is one; and what is known of the user by now. */
export const askerFor = ({ mount, product, ...parts }: PrivacyideaParts, ctx: Context, authServer?: AuthServer): Asker => ({
  ...askerOf(ctx, {
    authServer: authServer?.name ?? '',
    realms: authServer?.realms,
    dialect: 'privacyidea',
    ...clientsOf(parts, ctx),
    mount: mount.path,
    flavour: product.flavour,
  }),
  ...userFacts(ctx),
});

const records = new WeakMap<Context, UserRecord>();

/** Notes whom a request is about, once a source was asked, so that every policy and text of the request may use it. */
export function rememberUser(ctx: Context, record: UserRecord): void {
  records.set(ctx, record);
}

/** What policies and texts know of the user of a request; nothing before a source was asked. */
export function userFacts(ctx: Context): Pick<Asker, 'resolver' | 'userinfo'> {
  const record = records.get(ctx);
  return record ? factsOfPerson(record) : {};
}
