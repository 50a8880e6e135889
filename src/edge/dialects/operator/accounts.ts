import type { Context } from 'koa';
import { z } from 'zod';
import { type AccountChanged, accountName, accountNameForm, lastAccountText, passwordProblem } from '../../../engine/users/index.ts';
import { OperatorFault } from './errors.ts';
import { actingOperator, type OperatorParts, operatorOf, readJson } from './parts.ts';

/** `GET /ops/accounts`: the administrators, by name. */
export async function listAccounts(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const accounts = await parts.accounts.list();
  ctx.body = { accounts: accounts.map((account) => ({ ...account, createdAt: new Date(account.createdAt).toISOString() })) };
}

const wish = z.strictObject({ password: z.string().optional() });

/**
 * `PUT /ops/accounts/:name` `{"password"}`: makes an account or sets its password. Without a password in the body, one
 * is generated and returned once.
 */
export async function setAccount(parts: OperatorParts, ctx: Context): Promise<void> {
  const by = await actingOperator(parts, ctx);
  const name = nameIn(ctx);
  const { password: chosen } = await readJson(ctx, wish);
  const problem = chosen === undefined ? undefined : passwordProblem(chosen);
  if (problem !== undefined) throw new OperatorFault('bad-request', problem);
  const { password, made, enabled } = await parts.accounts.set(by, name, chosen);
  ctx.body = { name, made, enabled, password: chosen === undefined ? password : undefined };
}

/** `POST /ops/accounts/:name/enable`. */
export const enableAccount = changing('enable', 'enabled');

/** `POST /ops/accounts/:name/disable`: from now on, its logins and its tokens are refused. */
export const disableAccount = changing('disable', 'disabled');

/** `DELETE /ops/accounts/:name`. */
export const removeAccount = changing('remove', 'removed');

function changing(how: 'enable' | 'disable' | 'remove', done: string): (parts: OperatorParts, ctx: Context) => Promise<void> {
  return async (parts, ctx) => {
    const by = await actingOperator(parts, ctx);
    const name = nameIn(ctx);
    const changed = await parts.accounts[how](by, name);
    if (changed === 'last-account') parts.tell({ kind: 'administration-refused', reason: changed, act: `account-${how}`, by });
    if (changed !== 'done') throw refusalOf(changed, name);
    ctx.body = { name, [done]: true };
  };
}

function refusalOf(changed: Exclude<AccountChanged, 'done'>, name: string): OperatorFault {
  switch (changed) {
    case 'unknown-account':
      return new OperatorFault('not-found', `There is no account ${name}.`);
    case 'last-account':
      return new OperatorFault('conflict', lastAccountText(name));
    default:
      return changed satisfies never;
  }
}

function nameIn(ctx: Context): string {
  const name = String(ctx.params.name);
  if (accountName.test(name)) return name;
  throw new OperatorFault('bad-request', `An account name has ${accountNameForm}.`);
}
