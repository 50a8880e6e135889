import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { exitCodes } from '../../src/cli/exit-codes.ts';
import { parseJson, record, records } from '../../src/foundation/model/index.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { gatewayProcess, pushgateInto } from '../kit/gateway-process.ts';
import { type CliResult, runCli } from '../kit/operator.ts';
import { piClient } from '../kit/pi-client.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate audit', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  type AuditCli = (words: string) => Promise<CliResult>;
  const commandsAt =
    (folder: string): AuditCli =>
    (words) =>
      runCli(['audit', ...words.split(' '), '--config', join(folder, 'config.json')]);
  const entriesOf = ({ out }: CliResult) => records(record(parseJson(out)).entries).map(record);

  it('finds a wrong PIN, a decline and a deletion after a kill -9, with who and whence', async () => {
    // given a gateway in a process of its own, a phone, and a login that was declined
    const folder = temporaryFolder(undo);
    const config = join(folder, 'config.json');
    writeFileSync(config, configText({}, `127.0.0.1:${await freePort()}`));
    const first = await gatewayProcess(config);
    undo.later(() => first.end('SIGKILL'));
    const url = /http:\/\/\S+/.exec(first.output().out)?.[0] ?? '';
    const client = piClient(url);
    const admin = await client.login('admin', /Password: +(\S+)/.exec(first.output().out)?.[1] ?? '');
    const made = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin);
    const { serial, enrollment_credential: credential } = made.body.detail;
    const phone = piPhone(client, { serial, credential });
    await phone.rollout();
    const audit = commandsAt(folder);
    await client.post('/validate/check', { user: 'alice', pass: '9999' });
    // a refusal is there after a moment, and whatever a kill does
    while (entriesOf(await audit('list --kind login-refused --json')).length === 0);
    await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const [shown] = (await phone.poll()).body.result.value;
    await phone.answer(shown.nonce, { decline: true, reason: 'not_me' });
    await client.send(`/token/${serial}`, { method: 'DELETE', headers: admin });
    // when it is killed at that moment, and started again
    await first.end('SIGKILL');
    const second = await gatewayProcess(config);
    undo.later(() => second.end('SIGTERM'));
    // then all of it is there
    const about = async (words: string) => entriesOf(await audit(`list --json ${words}`));
    while ((await about('--kind challenge-answered,token-administered')).length < 3);
    const [wrongPin] = await about('--user alice --kind login-refused');
    assert.deepEqual([wrongPin?.reason, record(wrongPin?.origin).client, wrongPin?.realm], ['wrong-pin', '127.0.0.1', 'corp']);
    const [declined] = await about(`--serial ${serial} --kind challenge-answered`);
    assert.deepEqual([declined?.verdict, declined?.user, declined?.authServer], ['declined', 'alice', 'local']);
    const acts = await about('--administrator admin --kind token-administered');
    assert.deepEqual(
      acts.map(({ act, serial: of, user, by }) => [act, of, user, record(by).client]),
      [
        ['delete', serial, 'alice', '127.0.0.1'],
        ['offer', serial, 'alice', '127.0.0.1'],
      ],
    );
    const [gap] = await about('--kind audit-gap');
    assert.ok(gap !== undefined && Number(gap.from) < Number(gap.to));
    const verified = await audit('verify');
    assert.match(verified.out, /chains: 2.*All of them are as they were written\.\n$/s);
    assert.equal(verified.code, 0);
  });

  /** A gateway that was stopped after a login and a wrong PIN: its store is read. */
  const givenStopped = async () => {
    const { gateway, client, folder, phoneOf, challenge } = await givenGateway(undo);
    const phone = await phoneOf('alice');
    const { nonce } = await challenge('alice', phone);
    await phone.answer(nonce);
    await client.post('/validate/check', { user: '=cmd()', pass: '1' });
    await gateway.close();
    writeFileSync(join(folder, 'config.json'), configText({}, `127.0.0.1:${await freePort()}`));
    return { folder, audit: commandsAt(folder) };
  };

  it('lists, shows and exports what stands in the store of a gateway that was stopped', async () => {
    const { audit } = await givenStopped();
    const { code, out, err } = await audit('list --user alice --kind challenge-answered,login-started');
    assert.equal(code, 0, err);
    const lines = out.trimEnd().split('\n');
    const [head = [], first = [], ...more] = lines.map((line) => line.split(/ {2,}/));
    assert.equal(more.length, 1);
    const cell = (name: string) => first[head.indexOf(name)];
    const told = ['KIND', 'OUTCOME', 'USER', 'REALM', 'AUTH_SERVER', 'ADMINISTRATOR'].map(cell);
    assert.deepEqual(told, ['challenge-answered', 'accepted', 'alice', 'corp', 'local', '-']);
    const id = cell('ID') ?? '';
    assert.match((await audit(`show ${id}`)).out, /^FIELD .*\nid +\S+\nat +20\S+Z\n[\s\S]*^chain +\{"writer":[\s\S]*^verdict +accepted$/m);
    const shown = record(parseJson((await audit(`show ${id} --json`)).out));
    assert.deepEqual([shown.kind, shown.verdict, record(shown.chain).number !== undefined], ['challenge-answered', 'accepted', true]);
    const page = record(parseJson((await audit('list --limit 1 --json')).out));
    assert.equal(records(page.entries).length, 1);
    const next = record(parseJson((await audit(`list --limit 1 --json --cursor ${String(page.next)}`)).out));
    assert.notDeepEqual(next.entries, page.entries);
    const csv = (await audit('export --csv --kind login-refused')).out.trimEnd().split('\n');
    assert.match(csv[0] ?? '', /^at,kind,outcome,user,/);
    assert.match(csv[1] ?? '', /^"20\S+","login-refused","no-token","'=cmd\(\)","corp",/, 'a name is no formula');
    const json = (await audit('export --from 1h')).out
      .trimEnd()
      .split('\n')
      .map((line) => record(parseJson(line)));
    assert.ok(json.length > 5 && json.every(({ id: each }) => typeof each === 'string'));
  });

  it('names the first entry that somebody altered, and exits with 1', async () => {
    const { folder, audit } = await givenStopped();
    assert.equal((await audit('verify')).code, 0);
    const database = new DatabaseSync(join(folder, 'pushgate.db'));
    const altered = String(database.prepare(`SELECT id FROM audit WHERE kind = 'challenge-answered'`).get()?.id);
    database.exec(`UPDATE audit SET body = replace(body, 'accepted', 'declined') WHERE id = '${altered}'`);
    database.close();
    const { code, out, err } = await audit('verify');
    assert.equal(code, 1);
    assert.match(err, new RegExp(`^pushgate: chain \\S+, number \\d+ \\(entry ${altered}\\): the content was changed\\.\n$`));
    assert.doesNotMatch(out, /as they were written/);
    assert.equal(record(record(parseJson((await audit('verify --json')).out)).problem).entry, altered);
  });

  it('erases a person only when it is told twice, and leaves the rest whole', async () => {
    const { audit } = await givenStopped();
    const asked = await audit('erase alice');
    assert.deepEqual([asked.code, /--yes/.test(asked.err)], [2, true]);
    assert.ok((await audit('list --user alice')).out.trim().split('\n').length > 1);
    const { code, out } = await audit('erase alice --yes');
    assert.deepEqual([code, /^alice was erased from \d+ entries\.\n$/.test(out)], [0, true]);
    assert.equal((await audit('list --user alice')).out.trim().split('\n').length, 1);
    assert.match((await audit('list --kind challenge-answered')).out, /^20\S+ +challenge-answered +accepted +\(erased\)/m);
    assert.match((await audit('list --kind audit-erased')).out, /^20\S+ +audit-erased /m);
    assert.equal((await audit('verify')).code, 0);
  });

  it('goes on from page to page, however long ago is meant', async () => {
    const { audit } = await givenStopped();
    const first = record(parseJson((await audit('list --from 1h --limit 2 --json')).out));
    const second = await audit(`list --from 1h --limit 2 --json --cursor ${String(first.next)}`);
    assert.equal(second.code, 0, second.err);
    assert.equal(entriesOf(second).length, 2);
  });

  it('shows names that strangers typed on the line of their entry', async () => {
    const { client, gateway, folder } = await givenGateway(undo);
    await client.post('/validate/check', { user: 'bob\n2026-11-30 login-finished  user ceo\u001b[2J', pass: '1' });
    await gateway.close();
    writeFileSync(join(folder, 'config.json'), configText({}, `127.0.0.1:${await freePort()}`));
    const { out } = await commandsAt(folder)('list --kind login-refused');
    assert.equal(out.trimEnd().split('\n').length, 2);
    assert.match(out, / bob\\u\{a\}2026-11-30 login-finished user ceo\\u\{1b\}\[2J /);
  });

  it('ends in peace where nobody reads on', async () => {
    const { folder } = await givenStopped();
    const { code, err } = await pushgateInto('head -1', 'audit', 'export', '--config', join(folder, 'config.json'));
    assert.deepEqual([code, err], [0, '']);
  });

  it('refuses what it cannot look for in one sentence', async () => {
    const { audit } = await givenStopped();
    for (const [words, problem] of [
      ['list --kind login-refusd', /did you mean login-refused/],
      ['list --kind nonsense', /There are: login-started, /],
      ['list --from yesterday', /from is no time; write/],
      ['list --from 2026-02-31', /from is no time; write/],
      ['list --until 2026-11-30T08:00', /until is no time; write/],
      ['erase alice --administrator bob --yes', /name a user, or an administrator/],
      ['list --from 1h --until 2h', /from has to be before until/],
      ['list --realm corp', /realm narrows user/],
      ['list --limit 0', /limit is a number/],
      ['list --cursor nonsense', /belongs to another query/],
      ['show nothing', /there is no entry nothing/],
    ] as const) {
      const { code, out, err } = await audit(words);
      assert.deepEqual([code, out], [words === 'show nothing' ? exitCodes.refused.code : exitCodes.usage.code, ''], words);
      assert.match(err, problem, words);
      assert.equal(err.trimEnd().split('\n').length, 1, words);
    }
  });
});
