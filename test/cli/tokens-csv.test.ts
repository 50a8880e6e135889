import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { configText, type GivenGateway, givenGateway } from '../kit/gateway.ts';
import { runCli } from '../kit/operator.ts';
import { cleanup } from '../kit/temporary.ts';

describe('Push tokens made from a CSV file', function () {
  this.timeout(30_000);
  const undo = cleanup();
  after(() => undo.run());
  let given: GivenGateway;
  before(async () => {
    given = await givenGateway(undo);
    // The commands find the gateway by the port that it has got.
    writeFileSync(join(given.folder, 'config.json'), configText({}, `127.0.0.1:${new URL(given.client.url).port}`));
  });

  const init = (text: string) => {
    const file = join(given.folder, 'users.csv');
    writeFileSync(file, text);
    return runCli(['tokens', 'init', '--csv', file, '--config', join(given.folder, 'config.json')]);
  };
  const owners = async () => {
    const { tokens } = (await given.client.get('/token/', { pagesize: '100' }, given.admin)).body.result.value;
    return tokens.map(({ username, user_realm: realm }: Record<string, string>) => `${username}@${realm}`);
  };

  it('are told with the text of the QR code of each, whatever wrote the file', async () => {
    // given what spreadsheets write: a mark in front, other line ends, quotes, empty lines
    const { code, out, err } = await init(
      '\uFEFFUser,realm,pin,serial\r\nalice,,1234,A1\r\n"b, ""o""",guests,"1,2",B1\r\n\r\ncarol,,,\r\n',
    );
    assert.deepEqual([code, err], [0, '3 push tokens made.\n']);
    const [head, first = '', second = '', third = ''] = out.split('\n');
    assert.equal(head, 'user,realm,serial,text');
    assert.match(first, /^alice,,A1,otpauth:\/\/pipush\/A1\?\S+$/);
    assert.match(second, /^"b, ""o""",guests,B1,otpauth:/);
    assert.match(third, /^carol,,PIPU[0-9A-F]{8},otpauth:/);
    assert.deepEqual((await owners()).toSorted(), ['alice@corp', 'b, "o"@guests', 'carol@corp']);
    assert.equal((await given.client.post('/validate/check', { serial: 'A1', pass: 'x' })).status, 200);
  });

  const refused: readonly [what: string, text: string, said: RegExp][] = [
    ['an empty file', '', /users\.csv is empty\. Its first line names the columns/],
    ['no line below the first', 'user,pin\n', /names no user below its first line/],
    ['an unknown column', 'user,password\nalice,x\n', /line 1: the first line names the columns, each once/],
    ['a column twice', 'user,user\nalice,x\n', /line 1: the first line names the columns, each once/],
    ['no column of users', 'realm,pin\ncorp,x\n', /line 1: the first line names the columns/],
    ['a field too few', 'user,pin\nalice,1\nbob\n', /line 3: 1 fields, and the first line has 2/],
    ['a line without a user', 'user,pin\nalice,1\n,1\n', /line 3: there is no user/],
    ['a quote inside of a field', 'user,pin\nalice,1\nbo"b,1\n', /line 3: a quote that is not closed/],
    ['a quote that is not closed', 'user,pin\nalice,"1\nbob,1\n', /line 2: a quote that is not closed/],
  ];
  for (const [what, text, said] of refused)
    it(`are not made at all by ${what}`, async () => {
      const before = await owners();
      const { code, out, err } = await init(text);
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, said);
      assert.deepEqual(await owners(), before);
    });

  it('end at the line that the gateway refuses, which says what was made', async () => {
    const { code, out, err } = await init('user,realm\ndora,corp\nbob,nosuch\neve,corp\n');
    assert.deepEqual([code, out.split('\n').length], [1, 3]);
    assert.match(err, /users\.csv, line 3: .*The 1 before it are made/);
    assert.deepEqual([(await owners()).includes('dora@corp'), (await owners()).includes('eve@corp')], [true, false]);
  });
});
