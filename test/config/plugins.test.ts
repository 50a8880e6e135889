import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProviderPlugin } from 'pushgate/provider-kit';
import { loadConfig, problemText } from '../../src/config/index.ts';
import { kit } from '../../src/delivery/provider-kit/index.ts';
import { configText, givenGateway } from '../kit/gateway.ts';
import { gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { piPhone } from '../kit/pi-phone.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const page = readFileSync('docs/provider-plugin.md', 'utf8');
const example = /```js\n([\s\S]+?)```/.exec(page)?.[1] ?? '';
const toFile = { name: 'to-file', kind: 'file', default: true, config: { path: 'pushes.jsonl' } };

/** The text of a plug-in whose definition is the example's, but for what is said of it. */
const plugin = (over: string) => `import original from './file.mjs';\nexport default (kit) => ({ ...original(kit), ${over} });\n`;

describe('An outside plug-in', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A folder with the example, a second plug-in, and a configuration that names plug-ins. */
  const given = (plugins: unknown, { second = '', providers = [toFile] as object[] } = {}) => {
    const folder = temporaryFolder(undo);
    writeFileSync(join(folder, 'file.mjs'), example);
    writeFileSync(join(folder, 'second.mjs'), second);
    const file = join(folder, 'config.json');
    writeFileSync(file, configText({ more: { plugins, providers } }));
    const problems = async () => {
      const loaded = await loadConfig(file, {});
      return loaded.ok ? [] : loaded.error.map(problemText);
    };
    return { folder, file, problems };
  };

  it('whose schema throws is told by the path of its provider, beside the other problems', async () => {
    const second = plugin("kind: 'second', aliases: [], config: kit.z.unknown().transform(() => { throw new TypeError('secret'); })");
    const providers = [
      { name: 'a', kind: 'second', config: {} },
      { name: 'b b', kind: 'poll-only', config: {} },
    ];
    const { file, problems } = given(['./second.mjs'], { second, providers });
    const told = await problems();
    assert.ok(
      told.includes('providers[0].config: the schema of the plug-in for this kind failed (TypeError); tell whoever made it'),
      told.join('\n'),
    );
    assert.ok(told.some((line) => line.startsWith('providers[1].name: ')));
    const { code, out } = await pushgate('check-config', file);
    assert.deepEqual([code, /providers\[0\]\.config: the schema/.test(out), /secret|at .*\.mjs/.test(out)], [1, true, false]);
  }).timeout(30_000);

  it('is the one of the documentation, and delivers', async () => {
    // given a gateway with that plug-in, and a phone whose pushes go there
    const { folder } = given([]);
    const pushes = join(folder, 'out.jsonl');
    const { client, admin } = await givenGateway(undo, {
      policies: [{ name: 'to file', scope: 'enrollment', actions: { push_firebase_configuration: 'to-file' } }],
      more: { plugins: [join(folder, 'file.mjs')], providers: [{ ...toFile, config: { path: pushes } }] },
    });
    const offered = await client.post('/token/init', { type: 'push', genkey: '1', user: 'alice', pin: '1234' }, admin);
    const { serial, enrollment_credential: credential } = offered.body.detail;
    await piPhone(client, { serial, credential }).rollout({ fbtoken: 'alices-phone' });
    // when somebody logs in
    const started = await client.post('/validate/check', { user: 'alice', pass: '1234' });
    // then the push has gone where the plug-in sends it
    const [push, ...more] = readFileSync(pushes, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual([push.transactionId, push.phone, more.length], [started.body.detail.transaction_id, 'pipush', 0]);
    assert.deepEqual([push.address.kind, push.address.value], ['fcm', 'alices-phone']);
    assert.equal(JSON.parse(push.payload).nonce, push.handle);
  });

  it('is found by its path from the configuration file, and by the name of a package beside it', async () => {
    assert.deepEqual(await given(['./file.mjs']).problems(), []);
    const { folder, problems } = given(['pushgate-provider-acme']);
    const home = join(folder, 'node_modules/pushgate-provider-acme');
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'package.json'), '{ "name": "pushgate-provider-acme", "type": "module", "exports": "./index.js" }');
    writeFileSync(join(home, 'index.js'), example);
    assert.deepEqual(await problems(), []);
  });

  it('has its config checked like any other, by check-config too', async () => {
    const { file } = given(['./file.mjs'], { providers: [{ ...toFile, config: { pat: 'x' } }] });
    const { code, out } = await pushgate('check-config', file);
    assert.equal(code, 1);
    assert.match(out, /^providers\[0\]\.config\.path: /m);
    assert.match(out, /^providers\[0\]\.config\.pat: unknown key/m);
  }).timeout(30_000);

  it('is loaded by serve, and one that is new in the list by a reload', async () => {
    // given a gateway that runs with one plug-in
    const { file } = given(['./file.mjs'], { second: plugin("kind: 'second'") });
    const gateway = await gatewayProcess(file);
    undo.later(() => gateway.end('SIGKILL'));
    // when the configuration names another one
    const providers = [toFile, { ...toFile, name: 'second', kind: 'second', default: false }];
    writeFileSync(file, configText({ more: { plugins: ['./file.mjs', './second.mjs'], providers } }));
    gateway.child.kill('SIGHUP');
    // then its kind is known
    await gateway.logged(/reloaded|refused/);
    assert.match(gateway.output().err, /the configuration was reloaded/);
    assert.doesNotMatch(gateway.output().err, /take effect at the next start/);
    assert.equal(await gateway.end('SIGTERM'), 0);
  }).timeout(30_000);

  it('is checked against the types that the documentation names', () => {
    const typed: ProviderPlugin = ({ z, defineProvider }) =>
      defineProvider({
        kitVersion: kit.version,
        kind: 'typed',
        addresses: ['none'],
        config: z.strictObject({ url: z.url() }),
        open: ({ url }) => ({
          deliver: async () => ({ kind: 'unavailable', reason: 'server', detail: url.slice(0, 5) }),
          check: async () => ({ ok: true }),
          expires: () => [],
          close: async () => undefined,
        }),
      });
    assert.equal(typed(kit).kind, 'typed');
  });

  it('is written for the kit of its documentation', () => {
    assert.ok(example.includes(`kitVersion: '${kit.version}'`));
  });

  const wrong: [what: string, second: string, line: RegExp][] = [
    ['cannot be parsed', 'export default (', /cannot be loaded \(/],
    ['throws when it is loaded', 'throw new Error("no luck")', /cannot be loaded \(no luck\)/],
    ['exports nothing', 'export const a = 1;', /no function as its default export/],
    ['throws when it is called', 'export default () => { throw new Error("no luck") };', /failed with no luck/],
    ['defines nothing', 'export default () => undefined;', /returns no definition/],
    ['is for another kit', plugin("kind: 'second', kitVersion: '2.1'"), /written for kit version 2\.1, but this pushgate has 1\./],
    ['says no version', plugin("kind: 'second', kitVersion: undefined"), /invalid kitVersion/],
    ['takes a kind that comes along', plugin("kind: 'webhook'"), /kind "webhook", which exists already/],
    ['takes the kind of another plug-in', plugin(''), /kind "file", which exists already/],
    [
      'takes an alias that comes along',
      plugin("kind: 'second', aliases: ['DefaultPushProvider']"),
      /"DefaultPushProvider", which exists already/,
    ],
    ['serves no address', plugin("kind: 'second', addresses: []"), /invalid addresses/],
    ['serves an unknown address', plugin("kind: 'second', addresses: ['pigeon']"), /invalid addresses\.0/],
    ['has a config that is no schema', plugin("kind: 'second', config: {}"), /invalid config: .*kit\.z/],
    ['cannot be opened', plugin("kind: 'second', open: 7"), /invalid open/],
    ['has a member that we do not know', plugin("kind: 'second', adresses: []"), /unknown key "adresses"/],
  ];
  for (const [what, second, line] of wrong) {
    it(`that ${what} is refused, by its path`, async () => {
      const [first = '', ...more] = await given(['./file.mjs', './second.mjs'], { second }).problems();
      assert.match(first, /^plugins\[1\]: \.\/second\.mjs /);
      assert.match(first, line);
      assert.deepEqual(more, []);
    });
  }

  it('that is not there is refused, with what to do, beside all else that is wrong', async () => {
    const lines = await given(['./gone.mjs', 'pushgate-provider-gone'], {
      providers: [{ name: 'a b', kind: 'poll-only', config: {} }],
    }).problems();
    assert.match(lines[0] ?? '', /^plugins\[0\]: \.\/gone\.mjs cannot be loaded .*install the package beside/);
    assert.match(lines[1] ?? '', /^plugins\[1\]: pushgate-provider-gone cannot be loaded .*install the package beside/);
    assert.match(lines[2] ?? '', /^providers\[0\]\.name: /);
  });

  it('stands in a list of names', async () => {
    for (const plugins of ['./file.mjs', [7], ['']]) {
      const lines = await given(plugins, { providers: [] }).problems();
      assert.ok(
        lines.some((line) => line.startsWith('plugins')),
        lines.join('\n'),
      );
    }
  });
});
