import { fork } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testAuthority } from '../../test/kit/authority.ts';

/** A Firebase in its own process that accepts every message and does nothing else. */
export type FcmSink = {
  /** The `config` of a provider that uses it. */
  provider: { service_account: { $file: string }; api_url: string; ca: string };
  port: number;
  tokenUrl: string;
  /** How many messages it has accepted. */
  taken(): Promise<number>;
  pid: number;
  stop(): Promise<void>;
};

/** The first message to the process. */
export type SinkFiles = { key: string; cert: string };

/** Starts it, with its files below `folder`. */
export async function startFcmSink(folder: string): Promise<FcmSink> {
  const { authority, server } = await testAuthority();
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const child = fork(join(import.meta.dirname, 'fcm-sink-process.ts'), { stdio: 'inherit' });
  child.send({ key: server.key, cert: server.certificate } satisfies SinkFiles);
  const [[port, tokenPort]] = await once(child, 'message');
  const tokenUrl = `http://127.0.0.1:${tokenPort}/token`;
  const account = {
    type: 'service_account',
    project_id: 'bench-project',
    private_key_id: '1',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    client_email: 'bench@bench-project.iam.gserviceaccount.com',
    token_uri: tokenUrl,
  };
  writeFileSync(join(folder, 'ca.pem'), authority.certificate);
  writeFileSync(join(folder, 'account.json'), JSON.stringify(account));
  return {
    provider: {
      service_account: { $file: join(folder, 'account.json') },
      api_url: `https://localhost:${port}`,
      ca: join(folder, 'ca.pem'),
    },
    port: Number(port),
    tokenUrl,
    pid: child.pid ?? 0,
    async taken() {
      child.send('taken');
      const [count] = await once(child, 'message');
      return Number(count);
    },
    async stop() {
      child.kill();
      await once(child, 'exit');
    },
  };
}
