import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadConfig } from '../../../../../src/config/index.ts';
import type { Fakes } from '../../../../../src/fakes/index.ts';
import { givenFakes } from '../../../../fakes/fakes-kit.ts';
import { configText, type GatewayWishes, type GivenGateway, givenGateway, unlimited } from '../../../../kit/gateway.ts';
import { phoneKeys, piPhone } from '../../../../kit/pi-phone.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import type { Expected, Recorded, RecordedReply } from './recorded.ts';
import { asRecorded, inLiveNames, learn, masked, type Names, noNames } from './recorded-names.ts';

/**
 * A recording of a real server, and what of it we do on purpose in another way. `mounts` speak as that server does, `enrolment` are the actions
 * of its scope enrollment, `wronglySigned` the requests whose signature was wrong: another key, another text.
 */
export type Recording = {
  cases: readonly Recorded[];
  mounts: NonNullable<GatewayWishes['mounts']>;
  enrolment: object;
  wronglySigned: readonly number[];
  expectedOf(index: number): Expected;
};

/** The first exchanges are those of a server that lacks the policies of enrolment. */
const policiesFrom = 3;

/** Realm and resolver of the recorded server, whom it knew as far as they were asked for, and who called it. */
function peopleOf(cases: readonly Recorded[]) {
  const owned = cases.flatMap(({ response }) => response?.result?.value?.tokens ?? []).find(({ user_id }) => user_id);
  const { username: owner, user_id: userid, user_realm: realm, resolver } = owned;
  const isUnknown = (name: string): boolean =>
    cases.some(({ request, response }) => {
      const { user, realm: typed } = request.params ?? {};
      return user === name && typed === undefined && response?.result?.error?.code === 904;
    });
  const named = new Set(cases.flatMap(({ request }) => (typeof request.params?.user === 'string' ? [request.params.user] : [])));
  const users = [...named].filter((name) => !isUnknown(name)).map((username) => ({ username, ...(username === owner ? { userid } : {}) }));
  return { users, realm: String(realm), resolver: String(resolver) };
}

/** The numbers that the recorded servers have where no policy says otherwise; ours are safer. */
const recordedNumbers = {
  name: 'as recorded',
  scope: 'authentication',
  actions: { push_code_to_phone_digits: 2, push_presence_num_options: 3 },
};

type Live = { gateway: GivenGateway; fakes: Fakes; allowEnrolment(): Promise<void> };

async function given(undo: Cleanup, { cases, mounts, enrolment: actions }: Recording): Promise<Live> {
  const { users, realm, resolver } = peopleOf(cases);
  let now = Date.now;
  const { fakes } = await givenFakes(undo, { clock: () => now() });
  const folder = temporaryFolder(undo);
  const [ca, file] = [join(folder, 'ca.pem'), join(folder, 'users.json')];
  writeFileSync(ca, fakes.ca);
  writeFileSync(file, JSON.stringify(users));
  const config = { service_account: { $env: 'FB1' }, api_url: fakes.fcm.url, ca };
  const more = {
    realms: [{ name: realm, default: true, users: [resolver] }],
    userSources: [{ name: resolver, kind: 'file', config: { file } }],
    providers: [{ name: 'fb1', kind: 'firebase', default: true, config }],
  };
  const environment = { FB1: fakes.fcm.serviceAccount };
  const recorded = [recordedNumbers, unlimited];
  const gateway = await givenGateway(undo, { mounts, more: { ...more, policies: recorded }, environment });
  now = gateway.clock;
  const wishes: GatewayWishes = { mounts, more: { ...more, policies: [...recorded, { name: 'enrol', scope: 'enrollment', actions }] } };
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

/** Replays a recording, request by request, against a gateway of its own; every reply and every push is compared. For use inside a `describe`. */
export function replays(recording: Recording): void {
  const undo = cleanup();
  after(() => undo.run());
  const { cases, wronglySigned, expectedOf } = recording;
  const names: Names = new Map();
  let live: Awaited<ReturnType<typeof given>>;
  let token = '';

  before(async () => {
    live = await given(undo, recording);
    live.gateway.clock.advance(Date.parse('2026-11-22T07:37:15Z') - live.gateway.clock());
    const { username, password } = cases[0]?.request.params ?? {};
    names.set(String(username), 'admin').set(String(password), live.gateway.gateway.firstPassword ?? '');
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
      const { pushes, ...expected } = expectedOf(index);
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
