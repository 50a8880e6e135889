import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkConfig, inspectConfig, problemText } from '../../src/config/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { configText } from '../kit/gateway.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const url = 'https://cs.example/v1';
const definition = { Class: 'DefaultPushProvider', Timeout: '3,10', Config: JSON.stringify({ push_url: url }), Default: 'false' };
const seconds = (connect: number, read: number) => ({ connectMs: connect * 1000, readMs: read * 1000 });

const withProviders = (providers: unknown): string => JSON.stringify({ ...JSON.parse(configText()), providers, policies: [] });
const check = (providers: unknown) => checkConfig(withProviders(providers), '/nowhere/config.json', {});

describe("A provider that is written as LinOTP's registry lists it", () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const taken: [what: string, providers: unknown, expected?: { timeout?: object; isDefault?: boolean; places?: number }][] = [
    ['as the reply of getProvider maps it', { cs: definition }],
    ['as such a map in the list', [{ cs: definition }]],
    ['with its name beside', [{ name: 'cs', ...definition }]],
    ['in the config of an entry', [{ name: 'cs', kind: 'challenge-service', config: definition }]],
    ['by an older name of its class', { cs: { ...definition, Class: 'linotp.lib.pushprovider.DefaultPushProvider' } }],
    ['with its Config as an object', { cs: { ...definition, Config: { push_url: [url] } } }],
    ['as the default', { cs: { ...definition, Default: 'True' } }, { isDefault: true }],
    ['as the default, by JSON', { cs: { ...definition, Default: true } }, { isDefault: true }],
    ['with seconds as a number', { cs: { ...definition, Timeout: 120 } }, { timeout: seconds(120, 120) }],
    ['without seconds', { cs: { ...definition, Timeout: '' } }, { timeout: seconds(3, 5) }],
    [
      'with seconds in both places: those of the registry count',
      { cs: { ...definition, Config: JSON.stringify({ push_url: url, timeout: '1,1' }) } },
    ],
    [
      'with seconds in its Config alone, in capitals',
      { cs: { ...definition, Timeout: undefined, Config: JSON.stringify({ push_url: url, Timeout: 7 }) } },
      { timeout: seconds(7, 7) },
    ],
    [
      'with empty certificates, which are none',
      { cs: { ...definition, Config: JSON.stringify({ push_url: url, access_certificate: null, server_certificate: ' ' }) } },
    ],
    ['with a setting of our own', [{ name: 'cs', maxInFlight: 7, ...definition }], { places: 7 }],
  ];
  for (const [what, providers, { timeout = seconds(3, 10), isDefault = false, places = 256 } = {}] of taken) {
    it(`is taken ${what}`, async () => {
      const checked = await check(providers);
      assert.ok(checked.ok, checked.ok ? '' : checked.error.map(problemText).join('\n'));
      const [{ name, default: byDefault, config, maxInFlight } = {}] = checked.value.config.providers;
      const expected = { push_url: [url], timeout, failover_statuses: [502, 503, 504] };
      assert.deepEqual(
        { name, byDefault, config, maxInFlight },
        { name: 'cs', byDefault: isDefault, config: expected, maxInFlight: places },
      );
    });
  }

  const refused: [what: string, providers: unknown, lines: string[]][] = [
    [
      'a Config that is not JSON',
      [{ name: 'cs', ...definition, Config: "{'push_url': 'https://secret.example'}" }],
      ['providers[0].Config: expected a JSON object, or a text that is one, such as "{\\"push_url\\": \\"https://…\\"}"'],
    ],
    [
      'a Config that LinOTP does not show',
      [{ name: 'cs', kind: 'challenge-service', config: { Class: 'DefaultPushProvider', Timeout: '', Managed: true } }],
      [
        'providers[0].config.Config: is missing: LinOTP does not show that of a managed provider; write {"push_url": "https://…"} with the rest of its settings',
      ],
    ],
    [
      'a provider for other messages',
      { sms: { ...definition, Class: 'SmtpSMSProvider' } },
      ['providers[0].kind: unknown kind of provider; kinds are poll-only, apns, challenge-service, firebase, webhook, webpush'],
    ],
    [
      'what its Config has wrong',
      { cs: { ...definition, Config: JSON.stringify({ push_url: `["${url}"]`, server_certificate: 'False' }) } },
      [
        'providers[0].config.push_url: is a list inside a text; write the list itself, without the quotes around it',
        'providers[0].config.server_certificate: must not be a text; write false without quotes to verify nothing (development only)',
      ],
    ],
    ['a map with something else in it', { cs: definition, x: 1 }, ['providers: expected a list [ … ], not an object']],
  ];
  for (const [what, providers, lines] of refused) {
    it(`is refused for ${what}, and told what to write`, async () => {
      const checked = await check(providers);
      assert.deepEqual(checked.ok ? [] : checked.error.map(problemText), lines);
    });
  }

  it('is opened by check-config, which says what to write for a folder of authorities', async () => {
    const folder = temporaryFolder(undo);
    const [system, own] = [join(folder, 'system'), join(folder, 'own')];
    for (const each of [system, own]) mkdirSync(each);
    writeFileSync(join(system, 'ca-certificates.crt'), '');
    const trusting = (server_certificate: unknown) => ({
      ...definition,
      Config: JSON.stringify({ push_url: url, server_certificate }),
    });
    writeFileSync(join(folder, 'config.json'), withProviders({ a: trusting(system), b: trusting(`${own}/`) }));
    const problems = await inspectConfig(join(folder, 'config.json'), {}, openLog('silent'));
    assert.deepEqual(
      problems.map(problemText).filter((line) => line.startsWith('providers')),
      [
        `providers[0].config.server_certificate: ${system} is a folder. Write ${system}/ca-certificates.crt, which holds all CAs of that folder.`,
        `providers[1].config.server_certificate: ${own} is a folder. Name one PEM file with the trusted CAs: "cat ${own}/*.pem > ${own}-all.pem" makes it.`,
      ],
    );
  });
});
