import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/cli/index.ts';
import type { Transaction } from '../../src/foundation/model/index.ts';
import { givenLinotp } from '../kit/linotp.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('The commands of the virtual phone with a token of LinOTP', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const givenCommands = () => {
    const file = join(temporaryFolder(undo), 'phone.json');
    writeFileSync(file, JSON.stringify({ version: 1, tokens: [], linotp: [] }));
    return async (...argv: string[]) => {
      const [out, err]: [string[], string[]] = [[], []];
      const terminal = {
        out: (line: string) => void out.push(line),
        err: (line: string) => void err.push(line),
        environment: {},
        stopRequested: () => new Promise<void>(() => undefined),
        onReloadRequested: () => () => undefined,
      };
      const code = await runCommand(['phone', ...argv, '--phone', file], terminal);
      return { code, out: out.join('\n'), err: err.join('\n') };
    };
  };

  it('enrol, list, approve, decline and forget it', async () => {
    const given = await givenLinotp(undo);
    const phone = givenCommands();
    const payloadOf = ({ decision }: Transaction) => decision.challenges[0]?.payload ?? '';
    const enrolled = await phone('enrol', await given.offer('KIPT1'), '--gda', 'DEADBEEF', '--login', 'alice');
    assert.deepEqual([enrolled.code, enrolled.err], [0, '']);
    assert.match(enrolled.out, /^paired KIPT1; .* waits to be activated$/);
    const activation = await given.ask(['KIPT1'], { kind: 'activation' });
    assert.match((await phone('approve', payloadOf(activation))).out, /activate this token\?: approved, the server took it/);
    assert.match((await phone('list')).out, /KIPT1 {3}LinOTP {2}active/);
    const login = await given.ask(['KIPT1']);
    assert.match((await phone('decline', payloadOf(login))).out, /Log in\?: declined, the server took it/);
    assert.match((await phone('approve', payloadOf(login))).out, /approved, the server did not take it/);
    assert.equal(await given.stateOf(login), 'declined');
    const asked = { prompt: { title: 'dc1', question: 'root', shape: 'login' as const } };
    assert.match((await phone('approve', payloadOf(await given.ask(['KIPT1'], asked)))).out, /log in as root at dc1\?: approved/);
    assert.match((await phone('poll')).err, /Nothing is waiting/);
    assert.match((await phone('remove', 'KIPT1')).out, /removed KIPT1/);
    assert.match((await phone('list')).err, /No tokens/);
  });

  it('refuse what is no URL of LinOTP, in one sentence', async () => {
    const phone = givenCommands();
    for (const argv of [
      ['approve', 'lseqr://push/AAAA'],
      ['enrol', 'lseqr://pair/AAAA'],
      ['approve', 'nonsense'],
    ]) {
      const { code, err } = await phone(...argv);
      assert.equal(code, 1);
      assert.match(err, /^pushgate: the virtual phone refuses: .+/);
    }
  });
});
