import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig } from '../../src/config/index.ts';
import { issueClientCertificate, issueServerCertificate, makeAuthority } from '../../src/foundation/crypto/index.ts';
import type { GatewayEvent } from '../../src/foundation/model/index.ts';
import type { Expiry } from '../../src/foundation/settings/index.ts';
import { watchEndings } from '../../src/gateway/ending-credentials.ts';
import { fakeClock, minutes } from '../kit/clock.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const days = (count: number): number => minutes(60 * 24 * count);

describe('A credential that ends soon', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = (...expiries: Omit<Expiry, 'kind'>[]) => {
    const clock = fakeClock(days(1000));
    const held = expiries.map((each): Expiry => ({ kind: 'certificate', ...each }));
    const told: Extract<GatewayEvent, { kind: 'credential-ending' }>[] = [];
    const tell = (event: GatewayEvent) => void (event.kind === 'credential-ending' && told.push(event));
    const watch = watchEndings({ held: () => [{ holder: 'provider cs', expiries: held }], clock, tell });
    undo.later(watch.stop);
    const look = (): [what: string, daysLeft: number][] => {
      watch.look();
      return told.splice(0).map(({ what, daysLeft }) => [what, daysLeft]);
    };
    return { clock, held, look };
  };

  it('is told from 30 days before its end on, once a day, and after its end', () => {
    const { clock, look } = given({ what: 'CN=soon', at: days(1040) }, { what: 'CN=later', at: days(2000) });
    assert.deepEqual(look(), []);
    clock.advance(days(10));
    assert.deepEqual(look(), [['CN=soon', 30]]);
    clock.advance(days(1) - 1);
    assert.deepEqual(look(), []);
    clock.advance(1);
    assert.deepEqual(look(), [['CN=soon', 29]]);
    assert.deepEqual(look(), []);
    clock.advance(days(30));
    assert.deepEqual(look(), [['CN=soon', -1]]);
  });

  it('is told anew when another one that ends soon takes its place, and no more when a good one does', () => {
    const { held, look } = given({ what: 'CN=soon', at: days(1010) });
    assert.deepEqual(look(), [['CN=soon', 10]]);
    held.splice(0, 1, { kind: 'certificate', what: 'CN=soon', at: days(1020) });
    assert.deepEqual(look(), [['CN=soon', 20]]);
    held.splice(0, 1, { kind: 'certificate', what: 'CN=soon', at: days(2000) });
    assert.deepEqual(look(), []);
  });

  it('counts in a chain as long as it has not ended', () => {
    const { look } = given({ what: 'CN=old', at: days(999), inChain: true }, { what: 'CN=ca', at: days(1001), inChain: true });
    assert.deepEqual(look(), [['CN=ca', 1]]);
  });

  it('is told of listeners and providers at the start and at a reload, as a warning that says when', async () => {
    // given a listener whose certificate ends in 20 days, and a provider whose certificate ends in a year
    const now = Date.now();
    const folder = temporaryFolder(undo);
    const authority = await makeAuthority({ name: 'Corp CA', now: now - days(500) });
    const put = ({ certificate, key }: { certificate: string; key: string }, name: string): string => {
      writeFileSync(join(folder, name), certificate + key);
      return join(folder, name);
    };
    const clientNow = (age: number) => issueClientCertificate(authority, { name: 'gateway', now: now - days(age) });
    const server = await issueServerCertificate(authority, { hosts: ['localhost'], now: now - days(377) });
    const client = put(await clientNow(10), 'client.pem');
    const mounts = [{ path: '/', serves: 'ops' }];
    const more = {
      listeners: [
        { address: '127.0.0.1:0', mounts: [{ path: '/', serves: 'privacyidea' }] },
        { address: 'localhost:0', tls: { certificate: put(server, 'server.pem') }, mounts },
      ],
      providers: [{ name: 'cs', kind: 'challenge-service', config: { push_url: 'https://127.0.0.1:9/', access_certificate: client } }],
    };
    const { gateway, logged, folder: own } = await givenGateway(undo, { more });
    const told = () => logged.filter(({ event }) => event === 'credential-ending');
    // then the first is told
    const [line] = told();
    assert.deepEqual([line?.level, line?.holder, line?.type, line?.what], ['warn', 'listener localhost:0', 'certificate', 'CN=localhost']);
    assert.match(String(line?.ends), /^20\d\d-\d\d-\d\dT/);
    assert.match(String(line?.message), /ends soon/);
    // and when the other is replaced by one that ends soon, that is told, too
    put(await clientNow(390), 'client.pem');
    assert.equal(await gateway.reload(checkConfig(configText({ more }), join(own, 'config.json'), {})), 'reloaded');
    assert.deepEqual(
      told().map(({ holder }) => holder),
      ['listener localhost:0', 'provider cs'],
    );
  });
});
