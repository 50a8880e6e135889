import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../src/cli/index.ts';
import { openKeyring } from '../../src/foundation/keyring/index.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('pushgate keyring create', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const create = async (file: string) => {
    const lines: string[] = [];
    const say = (line: string): void => void lines.push(line);
    const terminal = {
      out: say,
      err: say,
      environment: {},
      stopRequested: async () => undefined,
      onReloadRequested: () => () => undefined,
    };
    return { code: await runCommand(['keyring', 'create', file], terminal), said: lines.join('\n') };
  };

  it('makes a keyring that opens what it sealed, for its owner only, and shows no key', async () => {
    const file = join(temporaryFolder(undo), 'secrets', 'keyring.json');
    const { code, said } = await create(file);
    assert.equal(code, 0, said);
    const text = readFileSync(file, 'utf8');
    const sealed = openKeyring(text).seal('token:1', Buffer.from('secret'));
    assert.equal(openKeyring(text).open('token:1', sealed).toString(), 'secret');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.ok(!said.includes(JSON.parse(text).keys[0].key));
  });

  it('never makes one in place of another', async () => {
    const file = join(temporaryFolder(undo), 'keyring.json');
    await create(file);
    const before = readFileSync(file, 'utf8');
    const { code, said } = await create(file);
    assert.deepEqual([code, readFileSync(file, 'utf8')], [1, before]);
    assert.match(said, /is there already/);
  });
});
