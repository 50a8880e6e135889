import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../../../src/config/index.ts';
import type { Fakes } from '../../../../../src/fakes/index.ts';
import { givenFakes } from '../../../../fakes/fakes-kit.ts';
import { configText, type GatewayWishes, type GivenGateway, givenGateway, unlimited } from '../../../../kit/gateway.ts';
import { phoneKeys, piPhone } from '../../../../kit/pi-phone.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import { expectedOf } from './deviations.ts';
import { isWronglySigned, type Recorded, type RecordedReply, replyValue } from './recorded.ts';
import { asRecorded, inLiveNames, learn, masked, type Names, noNames } from './recorded-names.ts';
import { type RecordedServer, serverOf } from './recorded-server.ts';

/** The defaults of the recorded servers; our limits are safer, and our signatures fewer. */
const recordedRules = {
  name: 'as recorded',
  scope: 'authentication',
  actions: { push_code_to_phone_digits: 2, push_presence_num_options: 3, push_capabilities_signature: 'always' },
};

type Live = { gateway: GivenGateway; fakes: Fakes; allowEnrolment(): Promise<void> };
type Mounts = NonNullable<GatewayWishes['mounts']>;

async function given(undo: Cleanup, { users, realm, resolver, provider, enrolment }: RecordedServer, mounts: Mounts): Promise<Live> {
  let now = Date.now;
  const { fakes } = await givenFakes(undo, { clock: () => now() });
  const folder = temporaryFolder(undo);
  const [ca, file] = [join(folder, 'ca.pem'), join(folder, 'users.json')];
  writeFileSync(ca, fakes.ca);
  writeFileSync(file, JSON.stringify(users));
  const config = { service_account: { $env: 'FIREBASE' }, api_url: fakes.fcm.url, ca };
  const more = {
    realms: [{ name: realm, default: true, users: [resolver] }],
    userSources: [{ name: resolver, kind: 'file', config: { file } }],
    providers: [{ name: provider, kind: 'firebase', default: true, config }],
  };
  const environment = { FIREBASE: fakes.fcm.serviceAccount };
  const recorded = [recordedRules, unlimited];
  const gateway = await givenGateway(undo, { mounts, more: { ...more, policies: recorded }, environment });
  now = gateway.clock;
  const policies = [...recorded, { name: 'enrol', scope: 'enrollment', actions: enrolment }];
  return {
    gateway,
    fakes,
    async allowEnrolment() {
      const path = join(gateway.folder, 'config.json');
      writeFileSync(path, configText({ mounts, more: { ...more, policies } }));
      assert.equal(await gateway.gateway.reload(loadConfig(path, environment)), 'reloaded');
    },
  };
}

type Params = Record<string, string>;

/** The signed text of the recorded phone. */
function signedText(params: Params): string {
  const { serial = '', nonce, timestamp, new_fb_token: address, decline, decline_reason: reason } = params;
  const parts = nonce === undefined ? [address, serial, timestamp] : [nonce, serial, decline && 'decline', reason];
  return parts.filter((part) => part !== undefined).join('|');
}

/** The recorded parameters as the live side needs them: its names, its phone's key and signature. */
function liveParams(names: Names, recorded: Record<string, unknown>, sign: (text: string) => string): Params {
  const params: Params = Object.fromEntries(Object.entries(recorded).map(([name, value]) => [name, inLiveNames(names, String(value))]));
  if (params.pubkey) params.pubkey = phoneKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  if (params.signature?.startsWith('<b32')) params.signature = sign(signedText(params));
  return params;
}

/**
 * Replays a recording, request by request, against a gateway of its own with these mounts; every reply and every push
 * is compared. For use inside a `describe`.
 */
export function replays(cases: readonly Recorded[], mounts: Mounts): void {
  const undo = cleanup();
  after(() => undo.run());
  const server = serverOf(cases);
  const names: Names = new Map();
  let live: Live;
  let token = '';

  before(async () => {
    live = await given(undo, server, mounts);
    live.gateway.clock.advance(server.startedAt - live.gateway.clock());
    const { username, password } = server.administrator;
    names.set(username, 'admin').set(password, live.gateway.gateway.firstPassword ?? '');
  });

  it('has exchanges to replay', () => assert.ok(cases.length > 0));

  /** The gateway's clock goes with the recording: its fresh timestamps are now. */
  function keepTime(timestamp: unknown): void {
    const { clock } = live.gateway;
    const ahead = Date.parse(String(timestamp)) - clock();
    clock.advance(ahead > 0 ? ahead : 1);
  }

  async function send({ method, path, params, headers: recorded }: Recorded['request'], isWrong: boolean): Promise<RecordedReply> {
    const { sign } = piPhone(live.gateway.client, { serial: '', credential: '' });
    const sent = new URLSearchParams(liveParams(names, params ?? {}, (text) => sign(isWrong ? `${text}!` : text)));
    const headers = Object.entries(recorded).map(([name, value]): [string, string] => [name, value === '<jwt>' ? token : value]);
    const query = method === 'GET' ? `?${sent}` : '';
    const reply = await fetch(`${live.gateway.client.url}${inLiveNames(names, path)}${query}`, {
      method,
      headers,
      ...(method === 'GET' ? {} : { body: sent }),
    });
    const text = await reply.text();
    return { status: reply.status, response: text === '' ? null : JSON.parse(text) };
  }

  cases.forEach((recorded, index) => {
    const { request } = recorded;
    const told = { ...recorded, before: cases.slice(0, index), all: cases };
    it(`${index}: ${request.method} ${request.path}`, async () => {
      if (index === server.enrolmentFrom) await live.allowEnrolment();
      keepTime(request.params?.timestamp);
      const before = live.fakes.deliveries.length;
      const reply = await send(request, isWronglySigned(told));
      token = Object(replyValue(reply)).token ?? token;
      const { pushes, ...expected } = expectedOf(told);
      learn(names, expected, reply);
      const sent = live.fakes.deliveries.slice(before).map(({ payload }) => payload);
      const messages = recorded.sent_to_fcm.map(({ body }) => body.message);
      learn(names, messages, sent);
      assert.deepEqual(masked(noNames, reply), masked(names, expected));
      assert.equal(sent.length, pushes);
      if (messages.length > 0) assert.deepEqual(masked(noNames, sent.map(asRecorded)), masked(names, messages));
    });
  });
}
