import assert from 'node:assert/strict';
import fc from 'fast-check';
import { challengeServicePatterns } from '../../../src/edge/dialects/challenge-service/index.ts';
import { operatorPatterns } from '../../../src/edge/dialects/operator/index.ts';
import { givenGateway } from '../../kit/gateway.ts';
import { cleanup } from '../../kit/temporary.ts';
import { anyRequest, fuzz, openWire, sendAll, type WireReply, type WireRequest } from './requests.ts';

const routes = [...challengeServicePatterns, ...operatorPatterns];
const device = {
  since: '9007199254740991',
  owner: 'local',
  kind: 'fcm',
  value: 'F',
  transactionId: '12345678901234567',
  gda: 'G',
  challenge: 'lseqr://push/AA',
};
const operator = {
  user: 'alice',
  realm: 'corp',
  from: '7d',
  until: '2026-03-01',
  limit: '5',
  cursor: 'AAAA',
  at: '2026-03-01T10:00:00Z',
  into: 'bob',
};
const base = { ...device, ...operator };

describe(`Any request to a challenge service and to operators (${fuzz.told})`, function () {
  this.timeout(300_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const mounts = ['privacyidea', 'challenge-service', 'ops'].map((serves) => ({ path: '/', serves }));
  const given = async () => {
    const gateway = await givenGateway(undo, { mounts, settings: { sourceFailures: 1_000_000 } });
    const wire = openWire(gateway.client.url);
    undo.later(() => wire.close());
    return { ...gateway, wire };
  };

  it('of a stranger gets a refusal, and changes nothing', async () => {
    const { wire, logged, phoneOf, client, admin } = await given();
    const { serial } = await phoneOf('alice');
    const shown = async () => (await client.get('/token/', { serial }, admin)).body.result.value.tokens;
    const before = await shown();
    const requests = anyRequest(routes, { known: [serial], base });
    await sendAll({ requests, routes, base, send: wire.send, logged, check: assertRefusal });
    assert.deepEqual(await shown(), before);
  });

  it('of an administrator gets a reply of the interface, whatever it is', async () => {
    const { wire, logged, admin } = await given();
    // Without an administrator there would be nobody left to ask, and so after a logout.
    const staying = routes.filter(({ path }) => !path.startsWith('/ops/accounts/') && path !== '/ops/auth');
    const headers = { authorization: `Bearer ${Object.values(admin)[0]}` };
    const requests = fc.oneof(anyRequest(staying, { headers, base }), anyRequest(operatorPatterns, { base }));
    await sendAll({ requests, routes: staying, base, send: wire.send, logged, check: assertReply });
  });
});

/** A status of the client, and a body in one line or in JSON. */
function assertReply({ method }: WireRequest, { status, headers, text }: WireReply): void {
  assert.ok(status < 500 || status === 503, `${status} ${text}`);
  if (method === 'HEAD') assert.equal(text, '');
  else if (String(headers['content-type']).startsWith('application/json')) JSON.parse(text);
  else assert.match(text, /^[\x20-\x7e]*\n?$/);
}

/** The same; what an auth server of this machine may do is no refusal. */
function assertRefusal(request: WireRequest, reply: WireReply): void {
  assertReply(request, reply);
  if (request.path.startsWith('/ops/')) assert.ok(reply.status >= 400, `${reply.status} ${reply.text}`);
}
