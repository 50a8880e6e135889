import type { Context } from 'koa';
import type { Asker } from '../../../engine/index.ts';
import type { AuthServer } from '../../access/index.ts';
import type { LinotpProduct } from '../../formats/linotp/index.ts';
import { askerOf, type CallerParts, clientsOf } from '../../http/index.ts';

/** The parts of the dialect: the engine, the recognition of callers, and the mount's settings. */
export type LinotpParts = CallerParts & {
  /** The user's address for policies; a trusted proxy may name it. */
  userAddress: (ctx: Context) => string;
  product: LinotpProduct;
  mount: { path: string };
  /** Settings by LinOTP's names. */
  settings: Readonly<Record<string, string>>;
  /** Whether the client speaks TLS to us or to a trusted proxy. */
  isSecure: (ctx: Context) => boolean;
  /** How long an offered push token waits for pairing, in ms. */
  offerLifeMs: number;
};

/** The caller as policies see it, with its auth server if there is one. */
export const askerFor = ({ mount, ...parts }: LinotpParts, ctx: Context, authServer?: AuthServer): Asker =>
  askerOf(ctx, {
    authServer: authServer?.name ?? '',
    realms: authServer?.realms,
    dialect: 'linotp',
    mount: mount.path,
    ...clientsOf(parts, ctx),
  });
