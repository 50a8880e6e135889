import assert from 'node:assert/strict';
import { chmodSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { startGateway } from '../../src/gateway/start.ts';
import { givenGateway } from '../kit/gateway.ts';
import { runCli } from '../kit/operator.ts';
import { cheapParts } from '../kit/prepared-keys.ts';
import { cleanup } from '../kit/temporary.ts';

describe('Keyring and store', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are for their user alone as they are made, and warned of where everybody may open them', async () => {
    // given what a first start made
    const { gateway, folder } = await givenGateway(undo);
    await gateway.close();
    const config = join(folder, 'config.json');
    const warned = async (): Promise<string[]> => {
      const lines: { message: string; file?: string }[] = [];
      const log = openLog('warn', { write: (line: string) => void lines.push(JSON.parse(line)) });
      const loaded = await loadConfig(config, {});
      assert.ok(loaded.ok);
      const again = await startGateway({ ...loaded.value, environment: {}, clock: Date.now, log, parts: cheapParts });
      await again.close();
      return lines.filter(({ message }) => message.startsWith('a file with secrets is not protected')).map(({ file }) => file ?? '');
    };
    assert.deepEqual(await warned(), []);
    // when everybody may read them
    const open = ['keyring.json', 'pushgate.db'].map((name) => join(folder, name)).filter(existsSync);
    assert.equal(open.length, 2);
    for (const file of open) chmodSync(file, 0o644);
    // then start and doctor say so, with what to do
    assert.deepEqual((await warned()).slice(0, 2), open);
    const { out } = await runCli(['doctor', '--config', config]);
    for (const file of open) assert.ok(out.includes(`chmod o-rwx ${file}`), out);
  });
});
