import type { Context } from 'koa';
import { type Asker, factsOfPerson, type UserRecord } from '../../../engine/index.ts';

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
