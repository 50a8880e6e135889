import type { Context } from 'koa';
import type { Asker } from '../../../engine/index.ts';
import type { AuthServer } from '../../access/index.ts';
import type { LinotpProduct } from '../../formats/linotp/index.ts';
import { askerOf, type CallerParts, clientsOf } from '../../http/index.ts';

/** What the dialect works with: the engine, who may call, and what its mount says. */
export type LinotpParts = CallerParts & {
  /** The address that policies take for the user's: a proxy that is known for it may name it. */
  userAddress: (ctx: Context) => string;
  product: LinotpProduct;
  mount: { path: string };
  /** Settings under the names that LinOTP has for them. */
  settings: Readonly<Record<string, string>>;
  /** Whether the browser of a request speaks TLS, perhaps to a proxy of ours. */
  isSecure: (ctx: Context) => boolean;
  /** How long an offered push token waits for its phone to pair. */
  offerLifeMs: number;
};

/** The asker of a request, as policies see it: this auth server, or nobody that is one. */
export const askerFor = ({ mount, ...parts }: LinotpParts, ctx: Context, authServer?: AuthServer): Asker =>
  askerOf(ctx, {
    authServer: authServer?.name ?? '',
    realms: authServer?.realms,
    dialect: 'linotp',
    mount: mount.path,
    ...clientsOf(parts, ctx),
  });
