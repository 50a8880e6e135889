import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { checkConfig, type LoadedConfig, problemText } from '../../config/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { startGateway } from '../../gateway/start.ts';
import { openPhone, type VirtualPhone } from '../../virtual-phone/index.ts';
import { localGateway } from '../gateway-address.ts';
import { type GatewayClient, openGatewayClient } from '../gateway-client.ts';
import { type OpsClient, openOpsClient } from '../ops-client.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';

/** The actors of a story: the login page, the operator, the phone, and the terminal that tells it. */
export type Cast = { client: GatewayClient; operator: OpsClient; phone: VirtualPhone; terminal: Terminal };

/** The setting of a story: `folder` is used only by it. */
export type Stage = {
  folder: string;
  providers: readonly object[];
  policies: readonly object[];
  terminal: Terminal;
};

/** Starts a gateway on a free port with these providers and policies, plays the story, and cleans up. */
export async function play(stage: Stage, story: (cast: Cast) => Promise<void>): Promise<void> {
  const { terminal, folder } = stage;
  const loaded = await configOf(stage, await freePort());
  const gateway = await startGateway({ ...loaded, environment: terminal.environment, clock: Date.now, log: openLog('silent') });
  const client = openGatewayClient(localGateway(loaded, terminal));
  const operator = openOpsClient(localGateway(loaded, terminal));
  const phone = openPhone({ file: join(folder, 'virtual-phone.json'), clock: Date.now });
  try {
    await story({ client, operator, phone, terminal });
  } finally {
    await phone.close();
    await Promise.all([client.close(), operator.close()]);
    await gateway.close();
  }
}

/** A free port. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

async function configOf({ folder, providers, policies, terminal }: Stage, port: number): Promise<LoadedConfig> {
  const url = `http://127.0.0.1:${port}/ttype/push`;
  const texts = { push_title_on_mobile: 'Demo', push_text_on_mobile: 'Do you want to log in?' };
  const mounts = [
    { path: '/', serves: 'privacyidea', publicPoll: true },
    { path: '/', serves: 'ops' },
  ];
  const text = JSON.stringify({
    listeners: [{ address: `127.0.0.1:${port}`, mounts }],
    store: { kind: 'embedded', path: 'pushgate.db' },
    keyring: { $file: 'keyring.json' },
    providers,
    policies: [
      ...policies,
      { name: 'where phones answer', scope: 'enrollment', actions: { push_registration_url: url } },
      { name: 'texts', scope: 'authentication', actions: texts },
    ],
  });
  const loaded = await checkConfig(text, join(folder, 'config.json'), terminal.environment);
  if (!loaded.ok) throw new CommandFailed(`the configuration of the demo is wrong: ${loaded.error.map(problemText).join('; ')}`);
  return loaded.value;
}
