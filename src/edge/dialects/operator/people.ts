import type { Context } from 'koa';
import { z } from 'zod';
import type { HandedOver } from '../../../engine/index.ts';
import { nameField } from '../../formats/management/index.ts';
import { administrationOf } from '../../http/index.ts';
import { OperatorFault } from './errors.ts';
import { askerFor, type OperatorParts, operatorOf, readJson } from './parts.ts';

/** `GET /ops/people`: stored names whose meaning changed when user names became case-sensitive. */
export async function listPeople(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  ctx.body = { people: await parts.engine.tokens.listNamesakes() };
}

const merge = z.strictObject({ realm: nameField.optional(), from: nameField, into: nameField });
const split = z.strictObject({ realm: nameField.optional(), into: nameField, serials: z.array(nameField).min(1).max(100) });

/**
 * `POST /ops/people/merge` `{"realm", "from", "into"}`: moves the push tokens of one name to another that differs only
 * in case.
 */
export const mergePeople = handOverBy(merge);

/**
 * `POST /ops/people/split` `{"realm", "into", "serials"}`: moves single push tokens to a user whose name differs only
 * in case.
 */
export const splitPeople = handOverBy(split);

function handOverBy(form: typeof merge | typeof split): (parts: OperatorParts, ctx: Context) => Promise<void> {
  return async (parts, ctx) => {
    const admin = await operatorOf(parts, ctx, 'assign');
    const acts = administrationOf(parts.engine, askerFor(parts, ctx), admin, 'assign');
    const { realm, ...wish } = await readJson(ctx, form);
    ctx.body = told(await acts.handOver({ ...wish, realm: realmOf(parts, realm) }), wish.into);
  };
}

function realmOf({ engine }: OperatorParts, name: string | undefined): string {
  const resolved = engine.realms.resolve('', name);
  if (resolved === 'unknown-realm') throw new OperatorFault('not-found', `There is no realm ${name}.`);
  return resolved.realm;
}

function told(handed: HandedOver, into: string): { serials: string[] } {
  switch (handed.kind) {
    case 'done':
      return { serials: handed.serials };
    case 'unknown-user':
      throw new OperatorFault('not-found', `No source of the realm knows the user ${into}.`);
    case 'not-namesakes':
      throw new OperatorFault(
        'bad-request',
        'The names differ in more than case. Unassign the push tokens, and assign them with a new PIN.',
      );
    default:
      return handed satisfies never;
  }
}
