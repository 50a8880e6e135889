import assert from 'node:assert/strict';
import { scryptSync } from 'node:crypto';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { openUserSource, type UserSource, userSourceConfig } from '../../../src/engine/users/index.ts';
import { type GatewayEvent, GatewayFault } from '../../../src/foundation/model/index.ts';
import { openLog } from '../../../src/foundation/telemetry/index.ts';
import { fakeClock } from '../../kit/clock.ts';
import { cleanup, temporaryFolder } from '../../kit/temporary.ts';

/** What others wrote: crypt(3) of libxcrypt, and scrypt of Python's hashlib. */
const elsewhere = [
  ['wonderland', '$2y$04$abcdefghijklmnopqrstuujZkTwHUiJ9XdZPwKfcfDo7dMp5DjlTu'],
  ['straße 7', '$2y$05$abcdefghijklmnopqrstuuvIOlXibxa9u3hBnHiK1R9Adr/fP/iOW'],
  ['straße 7', '$scrypt$ln=10,r=8,p=1$MDEyMzQ1Njc4OWFiY2RlZg$DMWQL8MTj/E5XfVAoRaINxv9dOJfTJmPC58OaldanPA'],
] as const;
const bcryptOf = (password: string): string => bcrypt.hashSync(password, 4).replace(/^\$2b/, '$2y');
const bare = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '');
const scryptOf = (password: string, log = 4): string => {
  const salt = Buffer.from('some salt');
  return `$scrypt$ln=${log},r=8,p=1$${bare(salt)}$${bare(scryptSync(password, salt, 32, { N: 2 ** log, r: 8, p: 1 }))}`;
};

describe('Users of a file', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const told: GatewayEvent[] = [];
  const given = (content: string | Buffer, format: 'json' | 'htpasswd') => {
    const folder = temporaryFolder(undo);
    const file = join(folder, 'users');
    // As editors and tools write: a whole new file takes the old one's place.
    const write = (text: string | Buffer): void => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    };
    write(content);
    const entry = userSourceConfig.parse({ name: 'staff', kind: 'file', config: { file: 'users', format } });
    const open = (): UserSource =>
      openUserSource(entry, { folder, clock: fakeClock(), log: openLog('silent'), tell: (event) => void told.push(event) });
    return { file, write, open };
  };
  const json = (...users: object[]): string => JSON.stringify(users);
  const refusal = (content: string | Buffer, format: 'json' | 'htpasswd'): string => {
    try {
      given(content, format).open();
    } catch (error) {
      if (error instanceof GatewayFault && error.code === 'config-invalid') return error.message;
      throw error;
    }
    return '';
  };

  it('are found whatever blanks stand around a name, there or here', async () => {
    const source = given(`bob :${bcryptOf('builder')}\n ann:${bcryptOf('x')}`, 'htpasswd').open();
    for (const [typed, username] of [
      ['bob', 'bob'],
      ['ann ', 'ann'],
    ] as const) {
      const found = await source.find(typed);
      assert.deepEqual(found.kind === 'found' && [found.user.username, found.user.userid], [username, username]);
    }
    assert.equal(await source.checkPassword('bob', 'builder'), 'right');
  });

  it('are logged in by a password in either form of Unicode, whichever of them was hashed', async () => {
    const [composed, typed] = ['gr\u00fcn', 'gru\u0308n'];
    const source = given(
      json({ username: 'ann', password: bcryptOf(composed) }, { username: 'ben', password: scryptOf(typed) }),
      'json',
    ).open();
    const verdicts = [source.checkPassword('ann', typed), source.checkPassword('ann', composed), source.checkPassword('ben', typed)];
    assert.deepEqual(await Promise.all(verdicts), ['right', 'right', 'right']);
    assert.equal(await source.checkPassword('ann', 'gro\u0308n'), 'wrong');
  });

  it('come out of a JSON list, with all that it says', async () => {
    const alice = {
      username: 'alice',
      userid: '7',
      givenname: 'Alice',
      email: 'a@corp.example',
      groups: ['staff'],
      password: scryptOf('pw'),
    };
    const source = given(json(alice, { username: 'zoë' }), 'json').open();
    assert.deepEqual(await source.find('alice'), {
      kind: 'found',
      user: {
        username: 'alice',
        userid: '7',
        givenname: 'Alice',
        surname: '',
        email: 'a@corp.example',
        phone: '',
        mobile: '',
        groups: ['staff'],
        resolver: 'staff',
      },
    });
    const zoe = await source.find('zoe\u0308');
    assert.ok(zoe.kind === 'found');
    assert.equal(zoe.user.userid, 'zoë');
    for (const name of ['Alice', 'bob', '', '__proto__']) assert.deepEqual(await source.find(name), { kind: 'unknown' }, name);
  });

  it('are barred while they are disabled, and from when they expire', async () => {
    const password = scryptOf('pw');
    const users = ['2019-12-31', '2999-01-01', '2999-01-01T00:00:00+02:00'].map((expires, index) => ({
      username: `user${index}`,
      password,
      expires,
    }));
    const source = given(json({ username: 'gone', password, disabled: true }, ...users), 'json').open();
    const kinds = await Promise.all(['gone', 'user0', 'user1', 'user2'].map((name) => source.find(name)));
    assert.deepEqual(
      kinds.map((found) => (found.kind === 'barred' ? found.why : found.kind)),
      ['disabled', 'expired', 'found', 'found'],
    );
    assert.deepEqual(await Promise.all(['gone', 'user0', 'user1'].map((name) => source.checkPassword(name, 'pw'))), [
      'wrong',
      'wrong',
      'right',
    ]);
    assert.match(refusal(json({ username: 'alice', expires: 'tomorrow' }), 'json'), /\[0\.expires\] expected a day such as/);
  });

  for (const [what, encoded] of [
    ['a byte order mark', (text: string) => Buffer.from(`\uFEFF${text}`)],
    ['UTF-16', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ] as const)
    it(`come out of a file with ${what}`, async () => {
      for (const [format, content] of [
        ['json', json({ username: 'bob' })],
        ['htpasswd', `bob:${bcryptOf('pw')}`],
      ] as const)
        assert.equal((await given(encoded(content), format).open().find('bob')).kind, 'found', format);
    });

  it('come out of no file whose bytes are not UTF-8', () => {
    assert.match(refusal(Buffer.from('[{"username":"m\xfcller"}]', 'latin1'), 'json'), /is not UTF-8; save it as that/);
  });

  it('come out of what htpasswd writes', async () => {
    const source = given(`# staff\n\nbob:${bcryptOf('builder')}\r\ncarol:${scryptOf('pw:1')}\n`, 'htpasswd').open();
    assert.equal(await source.checkPassword('bob', 'builder'), 'right');
    assert.equal(await source.checkPassword('bob', 'wrecker'), 'wrong');
    assert.equal(await source.checkPassword('carol', 'pw:1'), 'right');
    assert.deepEqual(await source.check(AbortSignal.timeout(1000)).then(({ ok }) => ok), true);
  });

  it('have hashes that other programs made', async () => {
    const source = given(elsewhere.map(([, hash], index) => `user${index}:${hash}`).join('\n'), 'htpasswd').open();
    for (const [index, [password]] of elsewhere.entries()) {
      assert.equal(await source.checkPassword(`user${index}`, password), 'right', `${index}`);
      assert.equal(await source.checkPassword(`user${index}`, `${password} `), 'wrong', `${index}`);
    }
  });

  /** The password that was hashed, what is typed, and whether that is right; the limits are those of bcrypt. */
  const limits: [what: string, hashed: string, typed: string, verdict: 'right' | 'wrong'][] = [
    ['72 bytes', 'x'.repeat(72), 'x'.repeat(72), 'right'],
    ['more than 72 bytes, of which the first are right', 'x'.repeat(72), `${'x'.repeat(72)}y`, 'wrong'],
    ['more than 72 bytes, as they were hashed', 'x'.repeat(80), 'x'.repeat(80), 'wrong'],
    ['more than 72 bytes in fewer letters', '\u00fc'.repeat(36), '\u00fc'.repeat(37), 'wrong'],
    ['a NUL, and the same again', 'pw', 'pw\0pw', 'wrong'],
  ];
  for (const [what, hashed, typed, verdict] of limits)
    it(`have a password that is ${verdict} by bcrypt with ${what}`, async () => {
      const source = given(json({ username: 'alice', password: bcryptOf(hashed) }), 'json').open();
      assert.equal(await source.checkPassword('alice', typed), verdict);
    });

  it('have passwords of any length by scrypt', async () => {
    const source = given(json({ username: 'alice', password: scryptOf('x'.repeat(80)) }), 'json').open();
    assert.equal(await source.checkPassword('alice', 'x'.repeat(80)), 'right');
    assert.equal(await source.checkPassword('alice', `${'x'.repeat(80)}y`), 'wrong');
  });

  it('have a right password that stays right, and no other', async () => {
    const source = given(json({ username: 'alice', password: scryptOf('pw') }, { username: 'mute' }), 'json').open();
    for (const _ of [1, 2]) {
      assert.equal(await source.checkPassword('alice', 'pw'), 'right');
      assert.equal(await source.checkPassword('alice', 'pw2'), 'wrong');
    }
    for (const [name, password] of [
      ['alice', ''],
      ['mute', ''],
      ['mute', 'pw'],
      ['nobody', 'pw'],
    ] as const)
      assert.equal(await source.checkPassword(name, password), 'wrong', name);
  });

  it('change with the file, and stay as they were when it breaks', async () => {
    const { file, write, open } = given(json({ username: 'alice', password: scryptOf('old') }), 'json');
    const source = open();
    assert.equal(await source.checkPassword('alice', 'old'), 'right');
    write(json({ username: 'alice', password: scryptOf('new') }, { username: 'bob' }));
    assert.equal(await source.checkPassword('alice', 'old'), 'wrong');
    assert.equal(await source.checkPassword('alice', 'new'), 'right');
    assert.deepEqual(told.splice(0), [{ kind: 'configuration-reloaded', part: 'user source staff', restart: [] }]);
    for (const breakIt of [() => write('[{'), () => rmSync(file)]) {
      breakIt();
      for (const _ of [1, 2]) assert.equal((await source.find('bob')).kind, 'found');
      const [refused, ...more] = told.splice(0);
      assert.ok(refused?.kind === 'configuration-refused' && more.length === 0);
      assert.match(refused.problems.join(), /^user source staff: .*users (is not JSON|cannot be read)/);
      assert.equal((await source.check(AbortSignal.timeout(1000))).ok, false);
    }
    write(json({ username: 'carol' }));
    assert.equal((await source.find('bob')).kind, 'unknown');
  });

  const refusals: [what: string, content: string, format: 'json' | 'htpasswd', message: RegExp][] = [
    ['no JSON', '[{"password": "$2y', 'json', /is not JSON/],
    ['an unknown key', json({ username: 'a', passwort: 'x' }), 'json', /\[0\].*passwort/],
    ['a name twice', json({ username: 'zoë' }, { username: 'zoe\u0308' }), 'json', /user 2: this name occurs twice/],
    ['a password in the clear', json({ username: 'a', password: 'geheim' }), 'json', /user 1: not a bcrypt/],
    ['SHA-1', 'a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', 'htpasswd', /line 1: not a bcrypt/],
    ['the MD5 of Apache', '# x\na:$apr1$TqI9WECO$LHZB2DqRlk9nObiB6vJG9.', 'htpasswd', /line 2: not a bcrypt/],
    ['a line without a name', 'geheim', 'htpasswd', /line 1: expected name:hash/],
    ['a bcrypt that would keep everybody waiting', `a:${bcryptOf('x').replace('$04$', '$15$')}`, 'htpasswd', /cost must be 4 to 14/],
    ['a scrypt that would take all memory', `a:${scryptOf('x').replace('ln=4', 'ln=19')}`, 'htpasswd', /too costly/],
    ['an absurd scrypt', `a:${scryptOf('x').replace('ln=4', 'ln=99999')}`, 'htpasswd', /too costly/],
  ];
  for (const [what, content, format, message] of refusals) {
    it(`stop the start with ${what}, without a word about the secret`, () => {
      const told = refusal(content, format);
      assert.match(told, message);
      for (const secret of ['geheim', 'W6ph', 'LHZB', '$15$', '"$2y']) assert.ok(!told.includes(secret), told);
    });
  }

  it('stop the start where there is no file', () => {
    const { file, open } = given('', 'htpasswd');
    rmSync(file);
    assert.throws(open, /cannot be read \(ENOENT\)/);
  });
});
