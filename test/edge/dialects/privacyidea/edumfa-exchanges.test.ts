import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../../src/config/index.ts';
import type { Fakes } from '../../../../src/fakes/index.ts';
import { givenFakes } from '../../../fakes/fakes-kit.ts';
import { configText, type GatewayWishes, type GivenGateway, givenGateway } from '../../../kit/gateway.ts';
import { phoneKeys, piPhone } from '../../../kit/pi-phone.ts';
import { cleanup, temporaryFolder } from '../../../kit/temporary.ts';
import { readVectors } from '../../../kit/vectors.ts';
import { expectedOf, wronglySigned } from './edumfa-recorded.ts';
import type { Recorded, RecordedReply } from './recorded.ts';
import { asRecorded, inLiveNames, learn, masked, type Names, noNames } from './recorded-names.ts';

const { cases } = readVectors<{ edumfa: { exchanges: { cases: Recorded[] } } }>('privacyidea.json').edumfa.exchanges;

const mounts = [{ path: '/', serves: 'privacyidea', flavour: 'edumfa', publicPoll: true }];
const enrolment = {
  name: 'enrol',
  scope: 'enrollment',
  actions: { edupush_firebase_configuration: 'fb1', edupush_registration_url: 'https://pi.example.com/ttype/edupush' },
};
/** The first exchanges are those of a server that lacks the policies of enrolment. */
const policiesFrom = 3;

async function given(undo: ReturnType<typeof cleanup>): Promise<{ gateway: GivenGateway; fakes: Fakes; allowEnrolment(): Promise<void> }> {
  let now = Date.now;
  const { fakes } = await givenFakes(undo, { clock: () => now() });
  const ca = join(temporaryFolder(undo), 'ca.pem');
  writeFileSync(ca, fakes.ca);
  const config = { service_account: { $env: 'FB1' }, api_url: fakes.fcm.url, ca };
  const more = { realms: [{ name: 'realm1', default: true }], providers: [{ name: 'fb1', kind: 'firebase', default: true, config }] };
  const environment = { FB1: fakes.fcm.serviceAccount };
  const gateway = await givenGateway(undo, { mounts, more: { ...more, policies: [] }, environment });
  now = gateway.clock;
  const wishes: GatewayWishes = { mounts, more: { ...more, policies: [enrolment] } };
  return {
    gateway,
    fakes,
    async allowEnrolment() {
      const path = join(gateway.folder, 'config.json');
      writeFileSync(path, configText(wishes));
      assert.equal(await gateway.gateway.reload(loadConfig(path, environment)), 'reloaded');
    },
  };
}

type Params = Record<string, string>;

/** What the phone of the recording signed. */
function signedText(params: Params): string {
  const { serial = '', nonce, timestamp, new_fb_token: address, decline } = params;
  const parts = nonce === undefined ? [address, serial, timestamp] : [nonce, serial, decline && 'decline'];
  return parts.filter((part) => part !== undefined).join('|');
}

/** The recorded parameters as the live side needs them: its names, its phone's key and signature. */
function liveParams(names: Names, recorded: Record<string, unknown>, sign: (text: string) => string): Params {
  const params: Params = Object.fromEntries(Object.entries(recorded).map(([name, value]) => [name, inLiveNames(names, String(value))]));
  if (params.pubkey) params.pubkey = phoneKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  if (params.signature?.startsWith('<b32')) params.signature = sign(signedText(params));
  return params;
}

describe('vectors: the recorded exchanges of eduMFA 2.9.5', () => {
  const undo = cleanup();
  after(() => undo.run());
  const names: Names = new Map();
  let live: Awaited<ReturnType<typeof given>>;
  let token = '';

  before(async () => {
    live = await given(undo);
    live.gateway.clock.advance(Date.parse('2026-11-22T07:37:15Z') - live.gateway.clock());
    names.set('testadmin', 'admin').set('testpw', live.gateway.gateway.firstPassword ?? '');
  });

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
    it(`${index}: ${request.method} ${request.path}`, async () => {
      if (index === policiesFrom) await live.allowEnrolment();
      keepTime(request.params?.timestamp);
      const before = live.fakes.deliveries.length;
      const reply = await send(request, wronglySigned.includes(index));
      if (index === 0) token = reply.response?.result?.value.token;
      const expected = expectedOf(cases, index);
      learn(names, expected, reply);
      const sent = live.fakes.deliveries.slice(before).map(({ payload }) => payload);
      const messages = recorded.sent_to_fcm.map(({ body }) => body.message);
      learn(names, messages, sent);
      assert.deepEqual(masked(noNames, reply), masked(names, expected));
      assert.deepEqual(masked(noNames, sent.map(asRecorded)), masked(names, messages));
    });
  });

  it('were replayed, all of them', () => assert.ok(cases.length >= 72));
});
