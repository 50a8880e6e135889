import assert from 'node:assert/strict';
import { cleanup } from '../../kit/temporary.ts';
import { everything, givenCallers, type Told } from './given.ts';
import { allRows, alternatives, type Held, lacking, mountPaths, type Row, rowsOf, type Served, sufficient } from './rows.ts';

/** What a dialect says to a request without a credential, and to one without a right or a permission. */
type Words = { stranger: RegExp; noToken: RegExp; right: (name: string) => RegExp; permission: (name: string) => RegExp };

const words: Record<Served, Words> = {
  privacyidea: {
    stranger: /"code":303,.*is not known as an auth server/,
    noToken: /"code":4033,.*Missing Authorization header/,
    right: (name) => new RegExp(`"code":303,.*does not have the right to ${name}\\.`),
    permission: (name) => new RegExp(`"code":303,.*(the action ${name} is not allowed|not allowed to enroll this token type)`),
  },
  linotp: {
    stranger: /"code": ?410,.*is not known as an auth server/s,
    noToken: /Please log in at .admin.login first|Missing or wrong X-CSRF-TOKEN/,
    right: (name) => new RegExp(`"code": ?410,.*does not have the right to ${name}\\.`, 's'),
    permission: (name) => new RegExp(`"code": ?410,.*administrative right to do this: ${name}`, 's'),
  },
  'challenge-service': {
    stranger: /^Unknown auth server\n$/,
    noToken: /^Unknown auth server\n$/,
    right: (name) => new RegExp(`^This auth server lacks the right to ${name}\n$`),
    permission: (name) => new RegExp(`^No policy allows this administrator to ${name}\n$`),
  },
  rest: {
    stranger: /"type":"urn:pushgate:problem:not-authenticated"/,
    noToken: /"type":"urn:pushgate:problem:not-authenticated"/,
    right: (name) => new RegExp(`"type":"urn:pushgate:problem:not-allowed".*does not have the right ${name}\\.`),
    permission: (name) => new RegExp(`"type":"urn:pushgate:problem:not-allowed".*${name}`),
  },
  'keycloak-ciba': {
    stranger: /"error":"invalid_token"/,
    noToken: /"error":"invalid_token"/,
    right: () => /never/,
    permission: () => /never/,
  },
  ops: {
    stranger: /"code":"no-authorization"/,
    noToken: /"code":"no-authorization"/,
    right: () => /never/,
    permission: (name) => new RegExp(`"code":"forbidden".*(the right ${name}\\.|to ${name}\\.)`),
  },
};

/** Rows that refuse every caller by the same reply, which tells no reason. The reason is in the event. */
const plain: Readonly<Record<string, RegExp>> = {
  'privacyidea /validate/radiuscheck': /^$/,
  ...Object.fromEntries(
    ['check', 'check_s', 'check_t', 'check_status', 'simplecheck'].map((name) => [`linotp /validate/${name}`, /"value": false|^:-\(\n?$/]),
  ),
};

/** What a row must be told before it looks at its caller. */
const forms: Readonly<Record<string, Record<string, string>>> = {
  'privacyidea /validate/polltransaction': { transaction_id: '1' },
  'privacyidea /validate/initialize': { type: 'passkey' },
  'privacyidea /token/init': { type: 'push', genkey: '1' },
  'linotp /validate/check_s': { serial: 'LSPT0001', pass: '1' },
  'linotp /validate/simplecheck': { user: 'alice', pass: '1' },
};

describe('Every route of every dialect', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const formOf = ({ serves, path }: Row, { permissions }: Held) => {
    const form = forms[`${serves} ${path}`];
    // Only eduMFA's mounts have a second kind of push token.
    const isEdupush = path === '/token/init' && permissions.join() === 'enrollEDUPUSH';
    return isEdupush ? { form: { ...form, type: 'edupush' }, path: '/edumfa/token/init' } : { form };
  };

  const given = async (rows: readonly Row[]) => {
    const callers = rows.flatMap((row) => [...sufficient(row), ...lacking(row, everything)]);
    const { ask } = await givenCallers(undo, callers);
    return (row: Row, as: Held, from?: string) => ask(row, as, { ...formOf(row, as), from });
  };

  const nobody: Held = { rights: [], permissions: [] };
  const says = (row: Row, pattern: RegExp, { status, text }: Told, who: string): void =>
    assert.match(text, plain[`${row.serves} ${row.path}`] ?? pattern, `${row.title} to ${who}: ${status} ${text}`);

  /** A request without a credential, from an address that is not one of an auth server. */
  async function turnsStrangersAway(row: Row, ask: Awaited<ReturnType<typeof given>>): Promise<void> {
    const told = await ask(row, nobody, '203.0.113.9');
    const { stranger, noToken } = words[row.serves];
    const [[first] = []] = alternatives(row.needs);
    const who = `a stranger ${told.refusals.join()}`;
    if (first === 'public') assert.ok(told.status !== 401 && told.status !== 403, `${row.title} to ${who}: ${told.status}`);
    else if (first === 'password' || first === 'phone') assert.doesNotMatch(told.text, /"value": ?true/, `${row.title} to ${who}`);
    else if (first === 'keycloak') says(row, stranger, told, who);
    else if (first === 'session' || 'permission' in (first ?? {})) says(row, noToken, told, who);
    else says(row, stranger, told, who);
    if (typeof first === 'object' || first === 'keycloak') assert.equal(told.refusals.length, 1, `${row.title} to ${who}`);
    else assert.deepEqual(told.refusals, [], `${row.title} to ${who}`);
  }

  for (const serves of Object.keys(mountPaths) as Served[])
    describe(`of ${serves}`, () => {
      const rows = rowsOf(serves);

      it('turns away callers without a credential, unless it is public', async () => {
        const ask = await given(rows);
        for (const row of rows) await turnsStrangersAway(row, ask);
      });

      it('refuses a caller who has everything but the right or permission that its table names', async () => {
        const ask = await given(rows);
        for (const row of rows)
          for (const { lacks, ...held } of lacking(row, everything)) {
            const told = await ask(row, held);
            const pattern = 'right' in lacks ? words[serves].right(lacks.right) : words[serves].permission(lacks.permission);
            const who = `a caller without ${Object.values(lacks)}`;
            // An administrator who lacks each of several permissions is told of the last one.
            if (!('any' in Object(row.needs)) || 'right' in lacks || lacks.permission !== 'operate') says(row, pattern, told, who);
            assert.match(told.refusals.join(), /^(caller|administration)-refused no-right$/, `${row.title} to ${who}: ${told.text}`);
          }
      });

      it('takes a caller who has that and nothing else', async () => {
        const ask = await given(rows);
        for (const row of rows)
          for (const held of sufficient(row)) {
            if (held.rights.length + held.permissions.length === 0) continue;
            const told = await ask(row, held);
            assert.deepEqual(told.refusals, [], `${row.title} to ${JSON.stringify(held)}: ${told.status} ${told.text}`);
            assert.doesNotMatch(`${told.status}`, /^(401|403|5\d\d)$/, `${row.title} to ${JSON.stringify(held)}: ${told.text}`);
          }
      });
    });

  it('is in these tests', () => {
    assert.ok(allRows().length > 130, `${allRows().length} rows`);
  });
});
