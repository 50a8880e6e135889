import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { seconds } from '../../../../kit/clock.ts';
import { unlimited } from '../../../../kit/gateway.ts';
import { givenLinotpGateway, type LinotpGateway, type LinotpReply, linotpRules, type Pushed } from '../../../../kit/linotp-gateway.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../../../kit/temporary.ts';
import { readVectors } from '../../../../kit/vectors.ts';
import { expectedOf, type RecordedEvent, type RecordedPush } from './recorded.ts';
import { learn, type Names, shown } from './recorded-names.ts';
import { type RecordedPhones, recordedPhones } from './recorded-phones.ts';

const { events } = readVectors<{ server_transcripts: { events: RecordedEvent[] } }>('linotp.json').server_transcripts;

/** A gateway with the users and the version of the recorded server, and at first without any policy for push tokens. */
async function given(undo: Cleanup): Promise<LinotpGateway> {
  const file = join(temporaryFolder(undo), 'passwd.json');
  const password = bcrypt.hashSync('geheim1', 4);
  writeFileSync(file, JSON.stringify([{ username: 'root' }, { username: 'passthru_user1', password }]));
  const more = {
    realms: [{ name: 'mydefrealm', default: true, users: ['passwd'] }],
    userSources: [{ name: 'passwd', kind: 'file', config: { file } }],
  };
  const gateway = await givenLinotpGateway(undo, { more, settings: { linotpVersion: '4.0.0.dev0' } });
  assert.equal(await gateway.reload([]), 'reloaded');
  return { ...gateway, rules: (...more) => gateway.rules(unlimited, ...more) };
}

const pinRule = (number: number) => ({ name: 'pin', actions: { otppin: number } });

/** What happened to the recorded server between two requests: before the one at this place. */
const meanwhile: Readonly<Record<number, (gateway: LinotpGateway) => unknown>> = {
  28: ({ rules }) => rules(),
  84: ({ pushService }) => pushService(400),
  85: ({ pushService }) => pushService('unreachable'),
  86: ({ pushService }) => pushService(200),
  87: ({ clock }) => clock.advance(seconds(60)),
  91: ({ rules }) => rules(pinRule(1)),
  100: ({ rules }) => rules(pinRule(2)),
  106: ({ rules }) => rules(pinRule(3)),
  107: ({ rules }) => rules(),
  110: ({ rules }) => rules({ name: 'two', actions: { push_provider: ['cs', 'poll'] } }),
  async 111({ reload }) {
    assert.equal(await reload([{ name: 'unknown', actions: { push_provider: ['nowhere'] } }, linotpRules]), 'refused');
  },
  112: ({ rules }) => rules(),
  132: ({ clock }) => clock.advance(seconds(149)),
  133: ({ clock }) => clock.advance(seconds(3)),
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
    phones = recordedPhones(gateway.pushed);
  });

  async function send(event: RecordedEvent, index: number): Promise<LinotpReply> {
    const { path } = event.request;
    const call = path.startsWith('/validate/') ? gateway.post : gateway.postAsAdmin;
    const reply = await call(path, { ...phones.params(event, index, names) });
    const { serial, pairing_url: pairingUrl } = reply.json.detail ?? {};
    if (typeof pairingUrl === 'string') phones.scan(serial, pairingUrl);
    return reply;
  }

  /** To whom, under which number, and for which token number of the phone; in the order of the addresses. */
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
      await meanwhile[index]?.(gateway);
      const before = gateway.pushed.length;
      const { status, type, json, text } = await send(event, index);
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

  it('were replayed, all of them', () => assert.ok(events.length >= 166));
});
