import type { Context } from 'koa';
import type { Asker } from '../../../engine/index.ts';
import type { AuthServer } from '../../access/index.ts';
import type { LinotpProduct } from '../../formats/linotp/index.ts';
import { askerOf, type CallerParts } from '../../http/index.ts';

/** What the dialect works with: the engine, who may call, and what its mount says. */
export type LinotpParts = CallerParts & {
  product: LinotpProduct;
  mount: { path: string };
  /** Settings under the names that LinOTP has for them. */
  settings: Readonly<Record<string, string>>;
};

/** The asker of a request, as policies see it: this auth server, or nobody that is one. */
export const askerFor = ({ clientAddress }: LinotpParts, ctx: Context, authServer?: AuthServer): Asker =>
  askerOf(ctx, { authServer: authServer?.name ?? '', dialect: 'linotp', client: clientAddress(ctx) });
