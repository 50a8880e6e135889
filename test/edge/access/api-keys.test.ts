import assert from 'node:assert/strict';
import { hashedApiKey, isMistyped, makeApiKey } from '../../../src/edge/access/api-key-form.ts';
import { givenGateway } from '../../kit/gateway.ts';
import { runCli } from '../../kit/operator.ts';
import { cleanup } from '../../kit/temporary.ts';

const old = 'an-old-key-0123456789abcdef0123456789abcdef';

/** The key with its character at this place changed into another letter. */
const changedAt = (key: string, at: number): string => `${key.slice(0, at)}${key[at] === 'x' ? 'y' : 'x'}${key.slice(at + 1)}`;

describe('API keys with a checksum', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  it('are random, and have the form that scanners look for', () => {
    const keys = Array.from({ length: 200 }, makeApiKey);
    assert.equal(new Set(keys).size, keys.length);
    assert.deepEqual(
      keys.filter((key) => !/^pgk_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}$/.test(key) || isMistyped(key)),
      [],
    );
  });

  it('show every mistake of one letter, and a cut', () => {
    const key = makeApiKey();
    for (let at = 4; at < key.length; at += 1) assert.ok(isMistyped(changedAt(key, at)), `the letter at ${at}`);
    for (let length = 4; length < key.length; length += 1) assert.ok(isMistyped(key.slice(0, length)), `${length} letters`);
    assert.ok(isMistyped(`${key}x`));
    for (const other of ['', old, 'PGK_', key.slice(1), 'a.b.c']) assert.ok(!isMistyped(other), other);
  });

  it('are made by a command, which also prints the line for the configuration', async () => {
    const { code, out } = await runCli(['api-key', 'make']);
    const [key = '', line] = out.split('\n');
    assert.deepEqual([code, line], [0, hashedApiKey(key)]);
    const { apiKey, configuration } = JSON.parse((await runCli(['api-key', 'make', '--json'])).out);
    assert.ok(!isMistyped(apiKey) && apiKey !== key);
    assert.equal(configuration, hashedApiKey(apiKey));
  });

  /** A gateway that knows an auth server by a new key, as its hash, and by one of the old form. */
  const given = async () => {
    const key = makeApiKey();
    const gateway = await givenGateway(undo, {
      environment: { NEW: hashedApiKey(key), OLD: old },
      mounts: [
        { path: '/', serves: 'privacyidea' },
        { path: '/linotp', serves: 'linotp' },
        { path: '/cs', serves: 'challenge-service' },
        { path: '/rest', serves: 'rest' },
      ],
      more: { authServers: [{ name: 'shop', mounts: ['/', '/linotp', '/cs', '/rest'], apiKeys: [{ $env: 'NEW' }, { $env: 'OLD' }] }] },
    });
    const ask = async (path: string, headers: Record<string, string>) => {
      const from = gateway.logged.length;
      const reply = await fetch(`${gateway.client.url}${path}`, { headers });
      const text = (await reply.text()).replace(/"time": ?[\d.]+/, '"time"');
      const refused = gateway.logged.slice(from).filter(({ event }) => event === 'caller-refused');
      return { status: reply.status, text, reasons: refused.map(({ reason }) => reason), lines: refused.map(({ message }) => message) };
    };
    return { ...gateway, key, ask };
  };

  const calls = [
    '/validate/polltransaction?transaction_id=1',
    '/linotp/validate/check?user=alice&pass=1',
    '/cs/v1/devices/dead',
    '/rest/v1/challenges/1',
  ];
  const headers = (key: string) => [{ 'x-api-key': key }, { authorization: `Bearer ${key}` }];

  it('let their auth server in, as old keys do', async () => {
    const { ask, key } = await given();
    for (const path of calls)
      for (const shown of [...headers(key), ...headers(old)]) {
        const { status, reasons } = await ask(path, shown);
        assert.deepEqual(reasons, [], path);
        assert.notEqual(status, 401, path);
      }
  });

  it('are refused like wrong ones when they are mistyped, and the log says so', async () => {
    const { ask, key, logged } = await given();
    const [mistyped, wrong] = [changedAt(key, 20), 'a-wrong-key-0123456789abcdef0123456789abc'];
    for (const path of calls)
      for (const at of [0, 1]) {
        const told = await ask(path, headers(mistyped)[at] ?? {});
        const other = await ask(path, headers(wrong)[at] ?? {});
        assert.deepEqual([told.status, told.text], [other.status, other.text], path);
        assert.deepEqual([told.reasons, other.reasons], [['mistyped'], ['wrong']], path);
        assert.match(String(told.lines), /checksum of its API key is wrong/);
      }
    assert.ok(!JSON.stringify(logged).includes(mistyped.slice(4, 24)), 'no part of a key is logged');
  });

  it('are found mistyped in the configuration', async () => {
    await assert.rejects(
      givenGateway(undo, {
        environment: { NEW: changedAt(makeApiKey(), 30) },
        more: { authServers: [{ name: 'shop', mounts: ['/'], apiKeys: [{ $env: 'NEW' }] }] },
      }),
      /checksum of this API key is wrong/,
    );
  });
});
