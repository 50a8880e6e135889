import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig } from '../../src/config/index.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { gatewayProcess } from '../kit/gateway-process.ts';
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

  it('says which parts count from the next start on', async () => {
    const { gateway, folder, logged } = await givenGateway(undo);
    const text = configText({ settings: { drainMs: 1 }, more: { realms: [] } });
    await gateway.reload(checkConfig(text, join(folder, 'config.json'), {}));
    assert.deepEqual(logged.find(({ restart }) => restart)?.restart, ['realms', 'settings']);
  });

  it('notices a secret that changed, and shows it to nobody', async () => {
    const radius = (shown: string) => ({ radiusServers: [{ name: 'vpn', servers: '127.0.0.1', secret: { $env: shown } }] });
    const environment = { ONE: 'first-secret', TWO: 'second-secret' };
    const { gateway, folder, logged } = await givenGateway(undo, { environment, more: radius('ONE') });
    await gateway.reload(checkConfig(configText({ more: radius('TWO') }), join(folder, 'config.json'), environment));
    assert.deepEqual(logged.find(({ restart }) => restart)?.restart, ['radiusServers']);
    assert.ok(!JSON.stringify(logged).includes('second-secret'));
  });

  it('happens at SIGHUP and when the file changes', async () => {
    const file = join(temporaryFolder(undo), 'config.json');
    const address = `127.0.0.1:${await freePort()}`;
    writeFileSync(file, configText({}, address));
    const { child, end, output } = await gatewayProcess(file);
    undo.later(() => end('SIGKILL'));
    const heard = async (pattern: RegExp, times: number) => {
      while ((output().err.match(pattern) ?? []).length < times) await once(child.stderr ?? child, 'data');
    };
    child.kill('SIGHUP');
    await heard(/policies and providers were reloaded/g, 1);
    writeFileSync(file, configText({ policies: title('New') }, address));
    await heard(/policies and providers were reloaded/g, 2);
    writeFileSync(file, '{ "broken');
    await heard(/the new configuration was refused/g, 1);
    assert.equal(await end('SIGTERM'), 0);
  }).timeout(60_000);
});
