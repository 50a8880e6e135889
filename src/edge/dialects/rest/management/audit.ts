import { z } from 'zod';
import { iso, nameField, readAuditParams, strangeCursor } from '../../../formats/management/index.ts';
import { type Endpoint, managed } from '../endpoint.ts';
import { RestProblem } from '../problems.ts';

const when = (what: string) => nameField.optional().describe(`${what}: ISO 8601, or a time before now such as 90m, 12h, 7d.`);

const AuditEntry = z
  .strictObject({
    id: z.string(),
    at: z.iso.datetime(),
    kind: z.string(),
    fields: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('The fields of the event; null where a person was erased. Absent after the retention time.'),
  })
  .meta({ id: 'AuditEntry' });

const list = managed(
  {
    method: 'GET',
    path: '/v1/audit',
    right: 'audit',
    permission: 'auditlog',
    id: 'listAudit',
    summary: 'Entries of the audit, newest first, in pages',
    description: 'An auth server sees the entries of its own requests and challenges only, whatever its realms are.',
    query: z.strictObject({
      user: nameField.optional().describe('The user whom entries are about, in any case.'),
      realm: nameField.optional().describe('The realm of the user.'),
      administrator: nameField.optional().describe('The administrator who acted.'),
      serial: nameField.optional().describe('The serial of a push token.'),
      transaction: nameField.optional().describe('The id of a challenge.'),
      authServer: nameField.optional().describe('The auth server whose requests are meant.'),
      kind: z.string().trim().min(1).max(2048).optional().describe('Kinds of entries, with commas.'),
      act: nameField.optional().describe('Acts on push tokens, with commas.'),
      from: when('The first moment'),
      until: when('The moment after the last one'),
      limit: nameField.optional().describe('The most entries of a page: 1 to 1000, by default 100.'),
      cursor: z.string().max(1024).optional().describe('`next` of the page before.'),
    }),
    replies: {
      200: {
        description: 'A page.',
        schema: z.strictObject({
          entries: z.array(AuditEntry),
          next: z.string().optional().describe('The cursor of the next page, if there is one.'),
        }),
      },
    },
  },
  async ({ engine }, { manager: { server }, query }) => {
    const asked = readAuditParams(query, engine.clock());
    if (!asked.ok) throw invalid(asked.error.param, asked.error.why);
    const { authServer = server?.name } = asked.value.query;
    if (server && authServer !== server.name) return { status: 200, body: { entries: [] } };
    const found = await engine.audit.list({ ...asked.value.query, authServer }, asked.value.wish);
    if (!found.ok) throw invalid('cursor', strangeCursor);
    const { lines, next } = found.value;
    return { status: 200, body: { entries: lines.map(({ id, at, kind, fields }) => ({ id, at: iso(at), kind, fields })), next } };
  },
);

const invalid = (field: string, rule: string): RestProblem =>
  new RestProblem('invalid-request', rule, { errors: [{ field: `/${field}`, rule }] });

const erase = managed(
  {
    method: 'POST',
    path: '/v1/audit/erase',
    right: 'erase',
    permission: 'audit_erase',
    id: 'erasePerson',
    summary: 'Erases a user from the audit',
    description: 'The clear text and the key of the user are deleted from all entries, for good.',
    body: z.strictObject({
      user: nameField.describe('The user, written exactly so.'),
      realm: nameField.optional().describe('The realm of the user. Without it, the default realm or the one in the name.'),
    }),
    replies: {
      200: {
        description: 'The user is erased.',
        schema: z.strictObject({
          entries: z.int().describe('How many entries named the user.'),
          others: z.array(z.string()).describe('Users whose names differ only in case, and who stay.'),
        }),
      },
    },
    problems: ['not-found'],
  },
  async ({ engine }, { manager, body: { user, realm } }) => {
    const named = engine.admission.resolveName(manager.asker, { name: user, realm });
    if (named === 'foreign') throw new RestProblem('not-found', 'There is no such realm.');
    return { status: 200, body: await engine.audit.erase(manager.actor, named) };
  },
);

/** The endpoints for the audit. */
export const auditEndpoints: readonly Endpoint[] = [list, erase];
