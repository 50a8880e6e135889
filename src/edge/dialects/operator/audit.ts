import type { Context } from 'koa';
import { z } from 'zod';
import { foldedName } from '../../../foundation/model/index.ts';
import { auditParams, readAuditParams, shownEntry, strangeCursor } from '../../formats/management/index.ts';
import { OperatorFault } from './errors.ts';
import { actingOperator, type OperatorParts, operatorOf, readJson } from './parts.ts';

/** `GET /ops/audit`: entries of the audit, newest first, in pages; `next` is the cursor of the next page. */
export async function listAudit(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx, 'auditlog');
  const { audit, clock } = parts.engine;
  const unknown = Object.keys(ctx.query).find((name) => !auditParams.some((each) => each === name));
  if (unknown !== undefined) throw new OperatorFault('bad-request', `There is no filter ${unknown}. There are: ${auditParams.join(', ')}.`);
  const twice = Object.entries(ctx.query).find(([, value]) => Array.isArray(value));
  if (twice) throw new OperatorFault('bad-request', `${twice[0]} is given twice.`);
  const asked = readAuditParams(Object.fromEntries(Object.entries(ctx.query).map(([name, value]) => [name, String(value)])), clock());
  if (!asked.ok) throw new OperatorFault('bad-request', asked.error.why);
  const found = await audit.list(asked.value.query, asked.value.wish);
  if (!found.ok) throw new OperatorFault('bad-request', strangeCursor);
  ctx.body = { entries: found.value.lines.map(shownEntry), next: found.value.next };
}

/** `GET /ops/audit/:id`: one entry. */
export async function showAudit(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx, 'auditlog');
  const line = await parts.engine.audit.find(String(ctx.params.id));
  if (!line) throw new OperatorFault('not-found', 'There is no such entry.');
  ctx.body = { entry: shownEntry(line) };
}

/** `POST /ops/audit/verify`: checks every entry; `problem` describes the first one that was changed. */
export async function verifyAudit(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx, 'auditlog');
  ctx.body = await parts.engine.audit.verify();
}

const name = z.string().trim().min(1, 'a name is not empty').max(256, 'a name has 256 characters at most');
const erased = z.union([z.strictObject({ user: name, realm: name.optional() }), z.strictObject({ administrator: name })], {
  error: 'expected {"user", "realm"} or {"administrator"}',
});

/**
 * `POST /ops/audit/erase` `{"user", "realm"}` or `{"administrator"}`: removes a person's clear text and key from the
 * audit. `entries` is the number of changed entries; `others` are remaining users whose names differ only in case.
 * Administrators cannot erase themselves.
 */
export async function eraseFromAudit(parts: OperatorParts, ctx: Context): Promise<void> {
  const by = await actingOperator(parts, ctx, 'audit_erase');
  const who = await readJson(ctx, erased);
  if ('administrator' in who && foldedName(who.administrator) === foldedName(by.administrator))
    throw new OperatorFault('conflict', 'Administrators cannot erase themselves; another administrator has to do it.');
  ctx.body = await parts.engine.audit.erase(by, who);
}
