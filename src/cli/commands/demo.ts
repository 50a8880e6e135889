import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { checkConfig, type LoadedConfig, problemText } from '../../config/index.ts';
import { openLog } from '../../foundation/telemetry/index.ts';
import { openPhone, type PushRequest, type VirtualPhone } from '../../virtual-phone/index.ts';
import { type GatewayClient, openGatewayClient, type PiAnswer } from '../gateway-client.ts';
import type { StartGateway } from '../gateway-runner.ts';
import { record } from '../record.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { expectDone, pollPhone } from './phone-option.ts';

/** `pushgate demo`: the whole story in one process, on a free port, in a folder that is gone afterwards. */
export function demoCommand(startGateway: StartGateway, terminal: Terminal): Command {
  return new Command('demo')
    .description('Tell the whole story: enrol a phone, ask, approve, log in, refuse a replay, decline.')
    .addHelpText('after', '\nExample:\n  npm run demo')
    .action(async () => {
      const folder = mkdtempSync(join(tmpdir(), 'pushgate-demo-'));
      try {
        const loaded = demoConfig(folder, await freePort(), terminal);
        const gateway = await startGateway({ ...loaded, environment: terminal.environment, clock: Date.now, log: openLog('error') });
        const client = openGatewayClient(loaded, terminal);
        const phone = openPhone({ file: join(folder, 'virtual-phone.json'), clock: Date.now });
        try {
          await story({ client, phone, terminal });
        } finally {
          await phone.close();
          await client.close();
          await gateway.close();
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address ? address.port : 0;
}

function demoConfig(folder: string, port: number, terminal: Terminal): LoadedConfig {
  const text = JSON.stringify({
    listeners: [{ address: `127.0.0.1:${port}`, mounts: [{ path: '/', serves: 'privacyidea', publicPoll: true }] }],
    store: { kind: 'embedded', path: 'pushgate.db' },
    keyring: { $file: 'keyring.json' },
    providers: [{ name: 'poll', kind: 'poll-only', default: true, config: {} }],
    policies: [
      {
        name: 'demo',
        scope: 'enrollment',
        actions: { push_firebase_configuration: 'poll only', push_registration_url: `http://127.0.0.1:${port}/ttype/push` },
      },
      { name: 'texts', scope: 'authentication', actions: { push_title_on_mobile: 'Demo', push_text_on_mobile: 'Do you want to log in?' } },
    ],
  });
  const loaded = checkConfig(text, join(folder, 'config.json'), terminal.environment);
  if (!loaded.ok) throw new CommandFailed(`the configuration of the demo is wrong: ${loaded.error.map(problemText).join('; ')}`);
  return loaded.value;
}

type Cast = { client: GatewayClient; phone: VirtualPhone; terminal: Terminal };

const pin = '1234';

async function story(cast: Cast): Promise<void> {
  const { client, terminal } = cast;
  terminal.out(`1. A gateway runs at ${client.url} with an empty store.`);
  const serial = await enrol(cast);
  terminal.out(`2. alice's virtual phone is enrolled: ${serial}, RSA-4096 made on the phone.`);
  const id = await start(cast);
  terminal.out(`3. alice starts a login with her PIN: transaction ${id}, "${(await status(cast, id)).status}".`);
  const request = await waiting(cast);
  terminal.out(`4. The phone asks what is waiting, checks the signature and shows: ${request.title}: ${request.question}`);
  expectTrue(expectDone(await cast.phone.approve(request)).value === true, 'the gateway takes the signed yes');
  terminal.out(`5. alice approves; the transaction now reads "${(await status(cast, id)).status}".`);
  const finished = await finish(cast, id);
  expectTrue(finished.authentication === 'ACCEPT', 'the login is accepted');
  terminal.out(`6. The login page finishes: ${finished.authentication}, ${String(finished.detail.message)}.`);
  const replay = await finish(cast, id);
  expectTrue(replay.authentication === 'REJECT', 'a replay is refused');
  terminal.out(`7. The same request again is refused: ${replay.authentication}, ${String(replay.detail.message)}.`);
  const second = await start(cast);
  expectTrue(
    expectDone(await cast.phone.decline(await waiting(cast), { reason: 'unknown_trigger' })).value === true,
    'the gateway takes the signed no',
  );
  const declined = await status(cast, second);
  expectTrue(declined.status === 'declined' && declined.authentication === 'DECLINED', 'the decline is seen');
  terminal.out(`8. Another login, and "this was not me": the transaction reads "${declined.status}", ${declined.authentication}.`);
  expectTrue((await finish(cast, second)).authentication === 'REJECT', 'a declined login is refused');
  terminal.out('9. A declined login cannot be finished: REJECT. That is the whole story.');
}

async function enrol({ client, phone }: Cast): Promise<string> {
  const { detail } = await client.callAsAdmin('POST', '/token/init', { type: 'push', genkey: '1', user: 'alice', pin });
  const { value } = record(detail.pushurl);
  return expectDone(await phone.enrol(String(value))).serial;
}

async function start({ client }: Cast): Promise<string> {
  const { detail, authentication } = await client.call('POST', '/validate/check', { user: 'alice', pass: pin });
  expectTrue(authentication === 'CHALLENGE', 'the login is started');
  return String(detail.transaction_id);
}

async function status({ client }: Cast, id: string): Promise<{ status: string; authentication: string | undefined }> {
  const { detail, authentication } = await client.call('GET', '/validate/polltransaction', { transaction_id: id });
  return { status: String(detail.challenge_status), authentication };
}

async function waiting({ phone, terminal }: Cast): Promise<PushRequest> {
  const [request] = await pollPhone(phone, terminal);
  if (!request) throw new CommandFailed('the story broke: nothing is waiting for the phone');
  return request;
}

const finish = ({ client }: Cast, id: string): Promise<PiAnswer> =>
  client.call('POST', '/validate/check', { user: 'alice', pass: '', transaction_id: id });

function expectTrue(holds: boolean, what: string): void {
  if (!holds) throw new CommandFailed(`the story broke: expected that ${what}`);
}
