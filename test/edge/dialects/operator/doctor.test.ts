import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { type OperatorParts, operatorFallback, operatorRoutes } from '../../../../src/edge/dialects/operator/index.ts';
import { openListener } from '../../../../src/edge/http/index.ts';
import { ok } from '../../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../../src/foundation/telemetry/index.ts';
import { minutes } from '../../../kit/clock.ts';
import { configText, type GatewayWishes, givenGateway } from '../../../kit/gateway.ts';
import { opsClient, type RunCli, runCli } from '../../../kit/operator.ts';
import { cleanup } from '../../../kit/temporary.ts';

type Finding = { level: string; what: string; detail: string };

describe('The report of a running gateway for the doctor', function () {
  this.timeout(30_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const address = '127.0.0.1:0';
  const given = async (listener: object = {}, wishes: GatewayWishes = {}) => {
    const mounts = [
      { path: '/', serves: 'privacyidea' },
      { path: '/', serves: 'ops' },
    ];
    const wanted = { ...wishes, more: { listeners: [{ address, mounts, ...listener }], ...wishes.more } };
    const gateway = await givenGateway(undo, wanted);
    const url = gateway.gateway.urls[0] ?? '';
    const there = { ...wanted, more: { ...wanted.more, listeners: [{ mounts, ...listener, address: new URL(url).host }] } };
    writeFileSync(join(gateway.folder, 'config.json'), configText(there));
    const cli: RunCli = (...argv) => runCli([...argv, '--config', join(gateway.folder, 'config.json')]);
    const ops = opsClient(url, gateway.admin);
    const findings = async (what: string): Promise<Finding[]> =>
      (await ops('GET', '/ops/doctor')).body.findings.filter((each: Finding) => each.what.startsWith(what));
    return { ...gateway, url, cli, ops, findings };
  };
  /** Begins a login as a client at this address of this machine, with the headers of a proxy. */
  const login = (url: string, from: string, forwarded?: string): Promise<number> =>
    new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/x-www-form-urlencoded',
        ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }),
      };
      const sent = request(`${url}/validate/check`, { method: 'POST', localAddress: from, headers, agent: false }, (reply) => {
        reply.resume().on('end', () => resolve(reply.statusCode ?? 0));
      });
      sent.on('error', reject).end('user=nobody&pass=1234');
    });

  it('is for administrators who may operate', async () => {
    const { ops } = await given({}, { policies: [{ name: 'helpdesk', scope: 'admin', actions: { tokenlist: true } }] });
    assert.equal((await ops('GET', '/ops/doctor')).status, 403);
    assert.equal((await ops('GET', '/ops/doctor', undefined, {})).status, 401);
  });

  it('contains a store that accepts a write and belongs to the keyring, where all is well', async () => {
    const { ops } = await given();
    const { body } = await ops('GET', '/ops/doctor');
    assert.deepEqual(
      body.findings.map(({ level, what }: Finding) => [level, what]),
      [
        ['fine', 'store'],
        ['fine', 'clock'],
        ['fine', 'keyring'],
        ['fine', 'breakers'],
        ['fine', 'outbox'],
        ['fine', 'addresses'],
      ],
    );
  });

  it('lists failures, each with instructions', async () => {
    // given a gateway with a wrong clock, a replaced store and a failing provider
    const parts = {
      engine: {
        admission: { mayAdminister: () => true },
        providers: { status: () => [{ name: 'fcm', circuit: 'open', lastError: { at: 0, reason: 'connection' }, expires: [] }] },
        clock: () => minutes(30),
        outbox: {
          tally: async () => [
            { target: 'hook:a', state: 'dead', count: 3, oldest: 0 },
            { target: 'hook:b', state: 'waiting', count: 2, oldest: minutes(14) },
            { target: 'hook:c', state: 'waiting', count: 2, oldest: minutes(15) },
          ],
        },
      },
      adminTokens: { read: async () => ok({ name: 'admin', rights: [] }) },
      clientAddress: () => '127.0.0.1',
      health: {
        readiness: async () => [
          { name: 'store', ok: true },
          { name: 'clock', ok: false, detail: 'these clocks are apart; let both machines keep the same time' },
        ],
        isStoreOurs: async () => false,
        seen: () => [],
      },
    } as unknown as OperatorParts;
    const mounts = [{ path: '/', dialect: 'ops', routes: operatorRoutes(parts), fallback: operatorFallback }];
    const surroundings = { log: openLog('silent'), metrics: openMetrics('0'), draining: { now: false } };
    const { url, close } = await openListener({ address, mounts, ...surroundings });
    undo.later(() => close(0));
    // when the doctor asks
    const { body } = await opsClient(url, { authorization: 'Bearer x' })('GET', '/ops/doctor');
    // then each of them is reported
    assert.deepEqual(body.findings.map(({ level, what, detail }: Finding) => `${level} ${what}: ${detail}`).slice(1, 6), [
      'failed clock: these clocks are apart; let both machines keep the same time',
      'failed keyring: the store belongs to another one; stop this gateway, and give it the keyring of the others',
      'warning breaker of fcm: it is open after too many failures (connection); check with: npx pushgate providers check fcm',
      'warning outbox to hook:a: 3 messages were given up; see npx pushgate outbox list --state dead --target hook:a',
      'warning outbox to hook:b: 2 messages wait, since 1970-01-01T00:14:00.000Z; see npx pushgate outbox list --target hook:b',
    ]);
  });

  it('lists texts from a trusted proxy that are not an address: how often, from where, and the text', async () => {
    const { url, findings, logged } = await given({ trustedProxies: ['127.0.0.0/8'] });
    // given a proxy whose own network may log users in
    assert.notEqual(await login(url, '127.0.0.2'), 403);
    // when it names invalid clients, then its network identifies none of them
    for (const forwarded of ['203.0.113.7, unknown', '203.0.113.7, _hidden']) assert.equal(await login(url, '127.0.0.2', forwarded), 403);
    const [found, ...others] = await findings('listener');
    assert.deepEqual(others, []);
    assert.deepEqual([found?.level, found?.what], ['warning', `listener ${address}`]);
    assert.match(
      found?.detail ?? '',
      /^2 requests belong to no known client .*: the trusted proxy 127\.0\.0\.2 named its client as "_hidden", which is not a readable address/,
    );
    // and the log told the first one, once
    const told = logged.filter(({ message }) => /sent an unreadable address/.test(String(message)));
    assert.deepEqual(
      told.map(({ proxy, text }) => [proxy, text]),
      [['127.0.0.2', 'unknown']],
    );
  });

  it('omits texts that a trusted proxy passed on from further away, beyond the counted address', async () => {
    const { url, findings } = await given({ trustedProxies: ['127.0.0.2/32'] });
    await login(url, '127.0.0.2', 'nonsense, 203.0.113.7');
    assert.deepEqual(await findings('listener'), []);
  });

  it('warns of logins through an untrusted proxy', async () => {
    const { url, findings } = await given();
    await login(url, '127.0.0.1');
    await login(url, '127.0.0.3', '203.0.113.7');
    const [found] = await findings('listener');
    assert.match(
      found?.detail ?? '',
      /^1 of 2 login calls had an X-Forwarded-For that was ignored, because 127\.0\.0\.3 is not in trustedProxies/,
    );
  });

  it('warns of many logins from a single address of another machine', async () => {
    // given a proxy in front of the trusted one, which names itself as the client each time
    const { url, findings } = await given({ trustedProxies: ['127.0.0.2/32'] });
    for (let number = 0; number < 19; number += 1) await login(url, '127.0.0.2', '192.0.2.80');
    assert.deepEqual(await findings('listener'), []);
    await login(url, '127.0.0.2', '192.0.2.80');
    const [found] = await findings('listener');
    assert.match(found?.detail ?? '', /^all 20 login calls came from 192\.0\.2\.80; if that is a proxy, add it to trustedProxies/);
    // when one comes from elsewhere, then it was no sign
    await login(url, '127.0.0.2', '192.0.2.81');
    assert.deepEqual(await findings('listener'), []);
  });

  it('has no such warning where all logins come from this machine', async () => {
    const { url, findings } = await given();
    for (let number = 0; number < 25; number += 1) await login(url, '127.0.0.1');
    assert.deepEqual(await findings('listener'), []);
  });

  it('is shown by the command', async () => {
    const { url, cli } = await given({ trustedProxies: ['127.0.0.0/8'] });
    await login(url, '127.0.0.2', 'unknown');
    const { out } = await cli('doctor');
    assert.match(out, /^fine {5}gateway, store: takes a write$/m);
    assert.match(out, /^fine {5}gateway, keyring: the store belongs to it$/m);
    assert.match(out, /^warning {2}gateway, listener 127\.0\.0\.1:0: 1 requests belong to no known client .*"unknown"/m);
  });

  it('is shorter where policies give no one the right to operate, and the command says so', async () => {
    const { cli } = await given({}, { policies: [{ name: 'helpdesk', scope: 'admin', actions: { tokenlist: true } }] });
    const { out } = await cli('doctor');
    assert.match(
      out,
      /^warning {2}gateway: tells less than it knows: the gateway refuses: No policy allows this administrator to operate\.$/m,
    );
    assert.match(out, /^fine {5}gateway, store: works$/m);
  });
});
