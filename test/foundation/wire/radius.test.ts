import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { Secret } from '../../../src/foundation/settings/index.ts';
import { openRadius, type Radius, type RadiusOptions } from '../../../src/foundation/wire/index.ts';
import { fakeClock, seconds } from '../../kit/clock.ts';
import { type RadiusServer, radiusServer } from '../../kit/radius-server.ts';
import { cleanup } from '../../kit/temporary.ts';

const secret = 'radius-secret';

describe('RADIUS', () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  const clock = fakeClock();
  const givenRadius = (servers: readonly string[], over: Partial<RadiusOptions> = {}): Radius =>
    openRadius({
      servers,
      secret: new Secret(secret),
      timeoutMs: 2000,
      retries: 0,
      requireMessageAuthenticator: true,
      nasIdentifier: 'gate',
      clock,
      ...over,
    });
  const given = async (over: Partial<RadiusOptions> = {}): Promise<{ server: RadiusServer; radius: Radius }> => {
    const server = await radiusServer(undo, secret);
    return { server, radius: givenRadius([server.address], over) };
  };
  /** A port of this machine without a listener. */
  const deadAddress = async (): Promise<string> => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    socket.close();
    await once(socket, 'close');
    return `127.0.0.1:${port}`;
  };

  it('sends a hidden password and a Message-Authenticator, and accepts the verdict', async () => {
    const { server, radius } = await given();
    server.behave({ kind: 'accept', message: 'Welcome' }, { kind: 'reject' });
    assert.deepEqual(await radius.authenticate('zoë', 'straße 7'), { kind: 'accept', message: 'Welcome' });
    assert.deepEqual(await radius.authenticate('bob', 'wrong'), { kind: 'reject', message: '' });
    assert.deepEqual(
      server.questions.map(({ user, password, nas, proven }) => [user, password, nas, proven]),
      [
        ['zoë', 'straße 7', 'gate', true],
        ['bob', 'wrong', 'gate', true],
      ],
    );
    assert.ok(server.questions.every(({ bytes }) => !bytes.includes('straße') && !bytes.includes('wrong')));
  });

  it('hides passwords of every length, and never asks with one that is empty or too long', async () => {
    const { server, radius } = await given();
    for (const length of [1, 15, 16, 17, 32, 127, 128]) {
      const password = 'x'.repeat(length);
      assert.equal((await radius.authenticate('alice', password)).kind, 'accept');
      assert.equal(server.questions.at(-1)?.password, password);
    }
    const asked = server.questions.length;
    for (const [user, password] of [
      ['alice', ''],
      ['alice', 'x'.repeat(129)],
      ['', 'x'],
      ['é'.repeat(127), 'x'],
    ] as const)
      assert.equal((await radius.authenticate(user, password)).kind, 'reject');
    assert.equal(server.questions.length, asked);
  });

  it('passes a challenge on, and returns its State', async () => {
    const { server, radius } = await given();
    server.behave({ kind: 'challenge', message: 'Code?', state: 'session-1' }, { kind: 'accept' });
    const asked = await radius.authenticate('alice', 'pw');
    assert.ok(asked.kind === 'challenge');
    assert.deepEqual([asked.message, asked.state.toString()], ['Code?', 'session-1']);
    assert.equal((await radius.authenticate('alice', '123456', { state: asked.state })).kind, 'accept');
    assert.deepEqual(
      server.questions.map(({ state }) => state),
      [undefined, 'session-1'],
    );
  });

  it('repeats the same bytes where no reply comes', async () => {
    const { server, radius } = await given({ timeoutMs: 300, retries: 2 });
    server.behave({ kind: 'silent' }, { kind: 'silent' }, { kind: 'accept' });
    assert.equal((await radius.authenticate('alice', 'pw')).kind, 'accept');
    assert.equal(server.questions.length, 3);
    assert.ok(server.questions.every(({ bytes }) => server.questions[0]?.bytes.equals(bytes)));
  });

  for (const forged of ['authenticator', 'proof', 'no-proof', 'id', 'attributes'] as const) {
    it(`ignores a reply with a forged part (${forged}), and keeps waiting for a genuine one`, async () => {
      const { server, radius } = await given({ timeoutMs: 300, retries: 1 });
      server.behave({ kind: 'accept', forged });
      assert.deepEqual(await radius.authenticate('alice', 'pw'), { kind: 'unavailable', reason: 'timeout' });
      server.behave({ kind: 'accept', forged }, { kind: 'reject' });
      assert.equal((await radius.authenticate('alice', 'pw')).kind, 'reject');
    });
  }

  it('accepts a reply without Message-Authenticator only where that is configured, and never a wrong one', async () => {
    const { server, radius } = await given({ requireMessageAuthenticator: false, timeoutMs: 300 });
    server.behave({ kind: 'accept', forged: 'no-proof' }, { kind: 'accept', forged: 'proof' });
    assert.equal((await radius.authenticate('alice', 'pw')).kind, 'accept');
    assert.equal((await radius.authenticate('alice', 'pw')).kind, 'unavailable');
  });

  it('ignores a server that does not know the secret', async () => {
    const server = await radiusServer(undo, 'another-secret');
    const outcome = await givenRadius([server.address], { timeoutMs: 300 }).authenticate('alice', 'pw');
    assert.deepEqual(outcome, { kind: 'unavailable', reason: 'timeout' });
    assert.equal(server.questions[0]?.proven, false);
  });

  it('fails over to the next server, and asks the dead one last for a while', async () => {
    const { server: silent } = await given();
    const { server } = await given();
    silent.behave({ kind: 'silent' });
    const radius = givenRadius([silent.address, server.address], { timeoutMs: 300 });
    for (const _ of [1, 2]) assert.equal((await radius.authenticate('alice', 'pw')).kind, 'accept');
    assert.deepEqual([silent.questions.length, server.questions.length], [1, 2]);
    clock.advance(seconds(30));
    assert.equal((await radius.authenticate('alice', 'pw')).kind, 'accept');
    assert.equal(silent.questions.length, 2);
  });

  it('fails at once where nobody listens, and where a name does not resolve', async () => {
    const { server } = await given();
    const slow = { timeoutMs: 60_000 };
    assert.deepEqual(await givenRadius([await deadAddress()], slow).authenticate('alice', 'pw'), {
      kind: 'unavailable',
      reason: 'connection',
    });
    const radius = givenRadius([await deadAddress(), 'no.such.host.invalid', server.address], slow);
    assert.equal((await radius.authenticate('alice', 'pw')).kind, 'accept');
  });

  it('keeps the deadline of the login, whatever its own limits are', async () => {
    const { server } = await given();
    server.behave({ kind: 'silent' });
    const radius = givenRadius([server.address, server.address], { timeoutMs: 60_000, retries: 5 });
    assert.deepEqual(await radius.authenticate('alice', 'pw', { signal: AbortSignal.timeout(60) }), {
      kind: 'unavailable',
      reason: 'timeout',
    });
    assert.deepEqual(await radius.authenticate('alice', 'pw', { signal: AbortSignal.abort() }), { kind: 'unavailable', reason: 'aborted' });
    assert.equal(server.questions.length, 1);
  });
});
