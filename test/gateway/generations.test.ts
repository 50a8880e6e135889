import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig, type LoadedConfig } from '../../src/config/index.ts';
import { openAudit } from '../../src/engine/audit/index.ts';
import { openAccounts } from '../../src/engine/users/index.ts';
import { createPasswords, newKeyring, openKeyring } from '../../src/foundation/keyring/index.ts';
import type { GatewayEvent } from '../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../src/foundation/telemetry/index.ts';
import { openGenerations } from '../../src/gateway/generations.ts';
import { openLongLivedParts } from '../../src/gateway/long-lived-parts.ts';
import { openEmbeddedStore } from '../../src/store/embedded/index.ts';
import { certificateAuthority } from '../kit/certificates.ts';
import { fakeClock } from '../kit/clock.ts';
import { configText } from '../kit/gateway.ts';
import { cheapParts } from '../kit/prepared-keys.ts';
import { directory, givenSlapd, haveSlapd, people } from '../kit/slapd.ts';
import { tcpProxy } from '../kit/tcp-proxy.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

describe('What a reload replaces', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** Generations without listeners; `load` reads a configuration with these parts, `replace` puts it in use. */
  const given = async (more: object) => {
    const folder = temporaryFolder(undo);
    const clock = fakeClock(Date.now());
    const environment = { BIND: people.svc };
    const load = async (parts: object): Promise<LoadedConfig> => {
      const loaded = await checkConfig(configText({ more: parts }), join(folder, 'config.json'), environment);
      assert.ok(loaded.ok, JSON.stringify(loaded));
      return loaded.value;
    };
    const told: GatewayEvent[] = [];
    const log = openLog('silent');
    const [metrics, keyring] = [openMetrics('test'), openKeyring(newKeyring(0))];
    const store = await openEmbeddedStore({ path: join(folder, 'pushgate.db'), log });
    const first = await load(more);
    const seen = { clock, log, metrics, keyring, store, tell: (event: GatewayEvent) => void told.push(event) };
    const audit = await openAudit({ ...seen, aloneInStore: true });
    const surroundings = { ...seen, audit, passwords: createPasswords(keyring, cheapParts.hashCost) };
    const longLived = openLongLivedParts({ ...surroundings, config: first.config, configNow: () => first.config, parts: cheapParts });
    const generations = await openGenerations(first, { longLived, accounts: openAccounts(longLived) });
    undo.later(async () => {
      await generations.close();
      await longLived.keyStock.close();
      await audit.close();
      await store.close();
    });
    const replace = (parts: object, adopt = () => undefined) =>
      generations.replace(
        load(parts).then((value) => ({ ok: true, value })),
        adopt,
      );
    return { generations, replace, folder, told };
  };

  it('closes the connections to a directory when the last request that may ask it is over', async function () {
    this.timeout(60_000);
    if (!haveSlapd()) this.skip();
    // given a directory that was asked, and a request under way
    const slapd = await givenSlapd(undo);
    const wire = await tcpProxy(undo, Number(new URL(slapd.ldap).port));
    const config = { urls: `ldap://127.0.0.1:${wire.port}`, ...directory, bindPassword: { $env: 'BIND' }, cacheMs: 0 };
    const of = (name: string) => ({
      realms: [{ name: 'corp', default: true, users: [name] }],
      userSources: [{ name, kind: 'ldap', config }],
    });
    const { generations, replace } = await given(of('old'));
    const before = generations.current();
    const end = before.begin();
    const nameOf = async ({ parts } = before) => Object(await parts.directory.findUser('alice', 'corp')).resolver;
    assert.equal(await nameOf(), 'old');
    assert.equal(wire.connections(), 1);
    // when the source is replaced
    assert.equal(await replace(of('new')), 'reloaded');
    // then a new request asks the new one, and the old one goes on for the request that began with it
    assert.equal(await nameOf(generations.current()), 'new');
    assert.equal(await nameOf(), 'old');
    assert.equal(wire.connections(), 2);
    // and it is closed with that request
    end();
    await wire.fewerThan(2);
    assert.equal(await nameOf(generations.current()), 'new');
  });

  it('names the files that are watched, and refuses a bad one', async () => {
    // given a directory whose authority stands in a file
    const file = 'ca.pem';
    const more = {
      realms: [{ name: 'corp', default: true, users: ['ad'] }],
      userSources: [{ name: 'ad', kind: 'ldap', config: { urls: 'ldaps://127.0.0.1:9', baseDn: 'dc=corp', ca: file } }],
    };
    const { generations, replace, folder, told } = await given({});
    assert.deepEqual(generations.current().files, []);
    // when it is not there
    assert.equal(await replace(more), 'refused');
    assert.match(JSON.stringify(told), /configuration-refused.*user source ad, config.ca: Cannot read the CA file .*ca\.pem/);
    // and when it is
    writeFileSync(join(folder, file), certificateAuthority().certificate);
    assert.equal(await replace(more), 'reloaded');
    assert.deepEqual(generations.current().files, [join(folder, file)]);
    // then another one that cannot be used changes nothing
    const now = generations.current();
    writeFileSync(join(folder, file), 'no certificate');
    assert.equal(await replace(more), 'refused');
    assert.equal(generations.current(), now);
  });

  it('keeps the old generation where the new one cannot be served', async () => {
    const { generations, replace, told } = await given({});
    const before = generations.current();
    const outcome = await replace({}, () => {
      throw new Error('no route');
    });
    assert.equal(outcome, 'refused');
    assert.equal(generations.current(), before);
    assert.match(JSON.stringify(told.at(-1)), /configuration-refused.*no route/);
  });
});
