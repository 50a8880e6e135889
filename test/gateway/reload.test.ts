import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig } from '../../src/config/index.ts';
import { writeUsers } from '../edge/dialects/privacyidea/login/people-kit.ts';
import { seconds } from '../kit/clock.ts';
import { configText, type GatewayWishes, givenGateway } from '../kit/gateway.ts';
import { gatewayProcess } from '../kit/gateway-process.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const title = (text: string) => [{ name: 'texts', actions: { push_title_on_mobile: text } }];

describe('Reloading the configuration', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('takes over policies and providers at once', async () => {
    // given a gateway and a phone
    const { gateway, folder, client, phoneOf } = await givenGateway(undo, { policies: title('Before') });
    const phone = await phoneOf('alice');
    const shown = async () => {
      await client.post('/validate/check', { user: 'alice', pass: '1234' });
      return (await phone.poll()).body.result.value.at(-1).title;
    };
    assert.equal(await shown(), 'Before');
    // when a new configuration is loaded
    const providers = [{ name: 'other', kind: 'poll-only', default: true, config: {} }];
    const text = configText({ policies: title('After'), more: { providers } });
    assert.equal(await gateway.reload(checkConfig(text, join(folder, 'config.json'), {})), 'reloaded');
    // then the next challenge is of the new one
    await client.post('/validate/check', { user: 'alice', pass: '1234' });
    const titles = (await phone.poll()).body.result.value.map(({ title: text }: { title: string }) => text);
    assert.ok(titles.includes('After'), titles.join());
    const metrics = await (await fetch(`${gateway.urls[0]}/metrics`)).text();
    assert.match(metrics, /pushgate_config_reloads_total\{outcome="reloaded"\} 1/);
    assert.match(metrics, /pushgate_provider_circuit_state\{provider="other"\} 0/);
    assert.doesNotMatch(metrics, /pushgate_provider_circuit_state\{provider="poll"\}/);
  });

  it('changes nothing for a configuration that is wrong, and says what is', async () => {
    const { gateway, folder, logged } = await givenGateway(undo);
    const providers = [
      { name: 'poll', kind: 'poll-only', default: true, config: {} },
      { name: 'cs', kind: 'challenge-service', config: { push_url: 'https://cs.example/', access_certificate: 'gone.pem' } },
    ];
    const file = join(folder, 'config.json');
    assert.equal(await gateway.reload(checkConfig('{', file, {})), 'refused');
    assert.equal(await gateway.reload(checkConfig(configText({ more: { providers } }), file, {})), 'refused');
    const told = logged.filter(({ message }) => String(message).includes('refused')).map(({ problems }) => String(problems));
    assert.match(told[0] ?? '', /is not JSON/);
    assert.match(told[1] ?? '', /provider cs, config\.access_certificate: Cannot read .*gone\.pem/);
    const metrics = await (await fetch(`${gateway.urls[0]}/metrics`)).text();
    assert.match(metrics, /pushgate_config_reloads_total\{outcome="refused"\} 2/);
    assert.match(metrics, /pushgate_provider_circuit_state\{provider="poll"\} 0/);
  });

  /** A gateway with these wishes, and how to give it others. */
  const given = async (wishes: GatewayWishes) => {
    const { environment = {} } = wishes;
    const all = await givenGateway(undo, wishes);
    const reload = (next: GatewayWishes) => all.gateway.reload(checkConfig(configText(next), join(all.folder, 'config.json'), environment));
    return { ...all, reload };
  };

  it('gives auth servers other keys: the new one is taken at once, the old one no more', async () => {
    const environment = { OLD: 'old-key-0123456789abcdef01234567', NEW: 'new-key-0123456789abcdef01234567' };
    const servers = ($env: string) => ({ more: { authServers: [{ name: 'vpn', mounts: ['/'], apiKeys: [{ $env }] }] } });
    const { client, reload, logged } = await given({ environment, ...servers('OLD') });
    const check = async (key: string) => (await client.post('/validate/check', { user: 'alice', pass: '1' }, { 'x-api-key': key })).status;
    assert.deepEqual([await check(environment.OLD), await check(environment.NEW)], [200, 401]);
    await reload(servers('NEW'));
    assert.deepEqual([await check(environment.OLD), await check(environment.NEW)], [401, 200]);
    const metrics = await (await fetch(`${client.url}/metrics`)).text();
    assert.match(metrics, /pushgate_logins_started_total\{auth_server="vpn"\} 0/);
    assert.ok(!JSON.stringify(logged).includes('new-key'));
  });

  it('knows other realms and other sources of users', async () => {
    // given a realm without a list of users
    const { client, reload, folder, admin, gateway } = await given({});
    const init = async (user: string, realm: string) => {
      const { body } = await client.post('/token/init', { type: 'push', genkey: '1', user, realm }, admin);
      return body.result.error?.message ?? 'made';
    };
    assert.match(await init('alice', 'lab'), /realm|user/i);
    // when it gets a list, and another realm comes
    writeUsers(join(folder, 'staff.json'), [{ username: 'alice', password: 'wonderland' }]);
    const more = {
      realms: [{ name: 'corp', default: true, users: ['staff'] }, { name: 'lab' }],
      userSources: [{ name: 'staff', kind: 'file', config: { file: 'staff.json' } }],
    };
    assert.equal(await reload({ more }), 'reloaded');
    // then both count
    assert.equal(await init('alice', 'lab'), 'made');
    assert.equal(await init('alice', 'corp'), 'made');
    assert.notEqual(await init('bob', 'corp'), 'made');
    assert.match(await (await fetch(`${gateway.urls[0]}/healthz`)).text(), /ready|ok/);
  });

  it('takes other settings, and mounts and proxies of its listeners', async () => {
    const { client, reload, phoneOf, challenge, clock } = await given({ settings: { PushChallengeValidityTime: 120 } });
    const phone = await phoneOf('alice');
    const listeners = [
      {
        address: '127.0.0.1:0',
        mounts: [
          { path: '/', serves: 'privacyidea', publicPoll: true },
          { path: '/more', serves: 'ops' },
        ],
      },
    ];
    assert.equal(await reload({ settings: { PushChallengeValidityTime: 30 }, more: { listeners } }), 'reloaded');
    assert.deepEqual([(await fetch(`${client.url}/livez`)).status, (await fetch(`${client.url}/more/livez`)).status], [404, 200]);
    const { nonce } = await challenge('alice', phone);
    clock.advance(seconds(31));
    assert.equal((await phone.answer(nonce)).body.result.value, false);
  });

  it('leaves a login that waits with what it began with', async () => {
    // given a login that waits for its phone
    const policies = [{ name: 'wait', scope: 'authentication', actions: { push_wait: 60 } }];
    const wishes = { policies, more: { authServers: [{ name: 'vpn', networks: ['127.0.0.0/8'], mounts: ['/'] }] } };
    const { client, reload, phoneOf } = await given(wishes);
    const phone = await phoneOf('alice');
    const login = client.post('/validate/check', { user: 'alice', pass: '1234' });
    const nonce = await (async () => {
      for (;;) {
        const [waiting] = (await phone.poll()).body.result.value;
        if (waiting) return waiting.nonce;
      }
    })();
    // when its auth server is no longer one, and the mount that it called has moved
    const listeners = [{ address: '127.0.0.1:0', mounts: [{ path: '/pi', serves: 'privacyidea' }] }];
    assert.equal(
      await reload({ more: { listeners, authServers: [{ name: 'web', networks: ['10.0.0.0/8'], mounts: ['/pi'] }] } }),
      'reloaded',
    );
    assert.equal((await fetch(`${client.url}/validate/check`, { method: 'POST' })).status, 404);
    // then it ends as it would have
    const moved = piPhone(client, { serial: phone.serial, credential: '', path: '/pi/ttype/push' });
    await moved.answer(nonce);
    assert.equal((await login).body.result.authentication, 'ACCEPT');
  });

  it('says exactly what counts from the next start on, until it is started', async () => {
    const { reload, logged } = await given({});
    const tls = { certificate: 'server.pem' };
    const ops = [{ path: '/', serves: 'ops' }];
    const changes: [wishes: GatewayWishes, restart: string[]][] = [
      [{ settings: { drainMs: 1, sourceFailures: 7, lockout: 'source' }, more: { realms: [] } }, []],
      [{ settings: { serverKeyBits: 3072, serverKeyStock: 3 } }, ['settings.serverKeyBits', 'settings.serverKeyStock']],
      [{ more: { store: { kind: 'embedded', path: 'other.db' }, cluster: { workers: 1 } } }, ['store']],
      [
        { more: { keyring: { $file: 'other.json' }, listeners: [{ address: '127.0.0.1:0', tls, mounts: ops }] } },
        ['keyring', 'listeners[0].tls'],
      ],
      [{ more: { keyring: { $file: 'other.json' }, listeners: [{ address: '127.0.0.2:0', mounts: ops }] } }, ['keyring', 'listeners']],
      [{}, []],
    ];
    for (const [wishes] of changes) assert.equal(await reload(wishes), 'reloaded');
    const told = logged.filter(({ event }) => event === 'configuration-reloaded');
    assert.deepEqual(
      told.map(({ restart }) => restart),
      changes.map(([, restart]) => restart),
    );
    assert.deepEqual(
      told.map(({ level }) => level),
      changes.map(([, restart]) => (restart.length > 0 ? 'warn' : 'info')),
    );
  });

  it('logs more or less, and no other way for a configuration that is refused', async () => {
    // given a gateway that logs requests
    const { client, reload, logged } = await given({ settings: { logLevel: 'info' } });
    const requests = async (): Promise<number> => {
      logged.length = 0;
      await client.post('/validate/check', { user: 'nobody', pass: '1' });
      return logged.filter(({ message }) => message === 'request').length;
    };
    assert.equal(await requests(), 1);
    // when it is to log no more than warnings, by a configuration that is refused, and then by one that is not
    const settings = { logLevel: 'warn' };
    const userSources = [{ name: 'staff', kind: 'file', config: { file: 'gone' } }];
    assert.equal(await reload({ settings, more: { userSources } }), 'refused');
    assert.equal(await requests(), 1);
    assert.equal(await reload({ settings }), 'reloaded');
    // then it does, until it is told otherwise
    assert.equal(await requests(), 0);
    assert.equal(await reload({ settings: { logLevel: 'info' } }), 'reloaded');
    assert.equal(await requests(), 1);
  });

  it('counts failures on, so that nobody who is turned away gets another try', async () => {
    const { client, reload } = await given({ settings: { sourceFailures: 2 } });
    const guess = async () => (await client.post('/auth', { username: 'admin', password: 'guess' })).status;
    assert.deepEqual([await guess(), await guess(), await guess()], [401, 401, 429]);
    await reload({ settings: { sourceFailures: 2 } });
    assert.equal(await guess(), 429);
  });

  it('shows a secret to nobody', async () => {
    const radius = (shown: string) => ({ radiusServers: [{ name: 'vpn', servers: '127.0.0.1', secret: { $env: shown } }] });
    const environment = { ONE: 'first-secret', TWO: 'second-secret' };
    const { reload, logged } = await given({ environment, more: radius('ONE') });
    assert.equal(await reload({ more: radius('TWO') }), 'reloaded');
    assert.ok(!JSON.stringify(logged).includes('second-secret'));
  });

  it('happens at SIGHUP and when the file changes', async () => {
    const file = join(temporaryFolder(undo), 'config.json');
    const address = `127.0.0.1:${await freePort()}`;
    writeFileSync(file, configText({}, address));
    const { child, end, logged } = await gatewayProcess(file);
    undo.later(() => end('SIGKILL'));
    child.kill('SIGHUP');
    await logged(/the configuration was reloaded/);
    writeFileSync(file, configText({ policies: title('New') }, address));
    await logged(/the configuration was reloaded/, 2);
    writeFileSync(file, '{ "broken');
    await logged(/the new configuration was refused/);
    assert.equal(await end('SIGTERM'), 0);
  }).timeout(60_000);
});
