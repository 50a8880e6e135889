import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { seconds } from '../../../../kit/clock.ts';
import { unlimited } from '../../../../kit/gateway.ts';
import { givenLinotpGateway, type LinotpGateway, type LinotpReply, linotpRules, type Pushed } from '../../../../kit/linotp-gateway.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import { readVectors } from '../../../../kit/vectors.ts';
import { expectedOf } from './deviations.ts';
import type { RecordedEvent, RecordedPush } from './recorded.ts';
import { learn, type Names, shown } from './recorded-names.ts';
import { type RecordedPhones, recordedPhones } from './recorded-phones.ts';
import { firstMade, ownersOf, passwordOf, realmOf, versionOf } from './recorded-server.ts';

const { events } = readVectors<{ server_transcripts: { events: RecordedEvent[] } }>('linotp.json').server_transcripts;

/** A gateway with the users and the version of the recorded server, and at first without any policy for push tokens. */
async function given(undo: Cleanup): Promise<LinotpGateway> {
  const file = join(temporaryFolder(undo), 'passwd.json');
  const password = bcrypt.hashSync(passwordOf(events), 4);
  writeFileSync(file, JSON.stringify(ownersOf(events).map((username) => ({ username, password }))));
  const more = {
    realms: [{ name: realmOf(events), default: true, users: ['passwd'] }],
    userSources: [{ name: 'passwd', kind: 'file', config: { file } }],
  };
  const gateway = await givenLinotpGateway(undo, { more, settings: { linotpVersion: versionOf(events) } });
  assert.equal(await gateway.reload([]), 'reloaded');
  return { ...gateway, rules: (...more) => gateway.rules(unlimited, ...more) };
}

const pinRule = (number: number) => ({ name: 'pin', actions: { otppin: number } });

/** Changes of the recorded server between two requests: before the one with this label. */
const meanwhile: Readonly<Record<string, (gateway: LinotpGateway) => unknown>> = {
  'push service refuses': ({ pushService }) => pushService(400),
  'push service unreachable': ({ pushService }) => pushService('unreachable'),
  'check_t with text on push': ({ pushService }) => pushService(200),
  'for check_t': ({ clock }) => clock.advance(seconds(60)),
  'otppin 1, token pin': ({ rules }) => rules(pinRule(1)),
  'otppin 2, empty pass': ({ rules }) => rules(pinRule(2)),
  'otppin 3, any pass': ({ rules }) => rules(pinRule(3)),
  're-pair active with other gda': ({ rules }) => rules(),
  'push_provider with two names': ({ rules }) => rules({ name: 'two', actions: { push_provider: ['cs', 'poll'] } }),
  async 'push_provider names an unknown provider'({ reload }) {
    assert.equal(await reload([{ name: 'unknown', actions: { push_provider: ['nowhere'] } }, linotpRules]), 'refused');
  },
  'no push_provider policy: default': ({ rules }) => rules(),
  'status after 149 s': ({ clock }) => clock.advance(seconds(149)),
  'accept after 152 s': ({ clock }) => clock.advance(seconds(3)),
};

describe('vectors: the recorded requests to LinOTP 4.0', function () {
  this.timeout(10_000);
  const undo = cleanup();
  after(() => undo.run());
  const names: Names = new Map();
  let gateway: LinotpGateway;
  let phones: RecordedPhones;

  before(async () => {
    gateway = await given(undo);
    phones = recordedPhones(gateway.pushed, events);
  });

  async function send(event: RecordedEvent): Promise<LinotpReply> {
    const { path } = event.request;
    const call = path.startsWith('/validate/') ? gateway.post : gateway.postAsAdmin;
    const reply = await call(path, { ...phones.params(event, names) });
    const { serial, pairing_url: pairingUrl } = reply.json.detail ?? {};
    if (typeof pairingUrl === 'string') phones.scan(serial, pairingUrl);
    return reply;
  }

  /** Address, number and token number of each push, in the order of the addresses. */
  const pushesOf = (pushes: readonly (Pushed | RecordedPush)[]): object[] =>
    pushes
      .map(({ transactionId, gda, challenge }) => ({
        gda,
        transactionid: transactionId,
        challenge: challenge.slice(0, 'lseqr://push/AgAAAA'.length),
      }))
      .toSorted((a, b) => a.gda.localeCompare(b.gda));

  events.forEach((event, index) => {
    it(`${index}: ${event.request.path}, ${event.label}`, async () => {
      if (event === firstMade(events)) await gateway.rules();
      await meanwhile[event.label]?.(gateway);
      const before = gateway.pushed.length;
      const { status, type, json, text } = await send(event);
      const live = { status, type, reply: type === 'application/json' ? json : text };
      const { status: statusWas, content_type: typeWas, response, pushed = [] } = expectedOf(events, index);
      const recorded = { status: statusWas, type: typeWas, reply: response };
      const pushes = gateway.pushed.slice(before);
      learn(names, recorded, live);
      learn(names, pushesOf(pushed), pushesOf(pushes));
      assert.equal(shown(new Map(), live), shown(names, recorded));
      assert.equal(shown(new Map(), pushesOf(pushes)), shown(names, pushesOf(pushed)));
      for (const push of pushes) {
        const { serial, transactionId, ask } = phones.read(push);
        assert.deepEqual([transactionId, ask], [push.transactionId, phones.expectedAsk(event, serial)]);
      }
    });
  });

  it('has events to replay', () => assert.ok(events.length > 0));
});
