import assert from 'node:assert/strict';
import { once } from 'node:events';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { certificateAuthority } from '../kit/certificates.ts';
import { configText } from '../kit/gateway.ts';
import { gatewayProcess } from '../kit/gateway-process.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

type Line = Record<string, unknown>;

describe('A credential that is replaced', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  it('is in use without a restart; a bad one is refused, and the old one stays', async () => {
    // given a gateway whose provider has a client certificate in a file, and a key behind a reference
    const folder = temporaryFolder(undo);
    const put = (name: string, text: string): void => {
      writeFileSync(join(folder, `${name}.new`), text);
      renameSync(join(folder, `${name}.new`), join(folder, name));
    };
    const pem = (): string => {
      const { certificate, key } = certificateAuthority().issue();
      return certificate + key;
    };
    put('client.pem', pem());
    put('secret', 'a-secret-of-thirty-two-characters-or-more');
    const providers = [
      { name: 'cs', kind: 'challenge-service', config: { push_url: 'https://127.0.0.1:9/', access_certificate: 'client.pem' } },
      { name: 'hook', kind: 'webhook', config: { url: 'https://127.0.0.1:9/', signing_key: { $file: 'secret' } } },
      { name: 'poll', kind: 'poll-only', default: true, config: {} },
    ];
    writeFileSync(join(folder, 'config.json'), configText({ more: { providers } }));
    const gateway = await gatewayProcess(join(folder, 'config.json'));
    undo.later(() => gateway.end('SIGKILL'));
    const lines = (event: string): Line[] =>
      gateway
        .output()
        .err.split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line): Line => JSON.parse(line))
        .filter((line) => line.event === event);
    const heard = async (event: string, count: number): Promise<Line | undefined> => {
      while (lines(event).length < count) await once(gateway.child.stderr ?? gateway.child, 'data');
      return lines(event)[count - 1];
    };
    // when the certificate is replaced, then the secret
    put('client.pem', pem());
    await heard('configuration-reloaded', 1);
    put('secret', 'another-secret-of-thirty-two-characters');
    await heard('configuration-reloaded', 2);
    // then a bad certificate changes nothing, and the log says why
    put('client.pem', 'no certificate');
    const refused = await heard('configuration-refused', 1);
    assert.match(String(refused?.problems), /provider cs, config\.access_certificate: .*client\.pem/);
    put('client.pem', pem());
    await heard('configuration-reloaded', 3);
    assert.doesNotMatch(gateway.output().err, /another-secret/);
  });
});
