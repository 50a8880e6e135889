import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { openUserSource, type UserSource, userSourceConfig } from '../../../../src/engine/users/index.ts';
import { GatewayFault } from '../../../../src/foundation/model/index.ts';
import { Secret } from '../../../../src/foundation/settings/index.ts';
import { type Metrics, openLog, openMetrics } from '../../../../src/foundation/telemetry/index.ts';
import { selfSigned } from '../../../foundation/wire/self-signed.ts';
import { fakeClock, seconds } from '../../../kit/clock.ts';
import { freePort } from '../../../kit/ports.ts';
import { directory, givenSlapd, haveSlapd, people, type Slapd } from '../../../kit/slapd.ts';
import { type Cleanup, cleanup, temporaryFolder } from '../../../kit/temporary.ts';

describe('Users of an LDAP directory', () => {
  const undo = cleanup();
  const undoAll = cleanup();
  let slapd: Slapd;
  before(async function () {
    this.timeout(300_000);
    if (!haveSlapd()) this.skip();
    slapd = await givenSlapd(undoAll);
  });
  after(() => undoAll.run());
  afterEach(() => undo.run());

  const clock = fakeClock();
  const logged: string[] = [];
  const log = openLog('debug', { write: (line: string) => void logged.push(line) });
  const given = (settings: object = {}, metrics?: Metrics): UserSource => {
    const config = {
      urls: slapd.ldap,
      ...directory,
      bindPassword: new Secret(people.svc),
      attributes: { groups: 'ou' },
      ...settings,
    };
    const entry = userSourceConfig.parse({ name: 'ad', kind: 'ldap', config });
    const source = openUserSource(entry, { folder: '/', clock, log, metrics });
    undo.later(() => source.close());
    return source;
  };
  const unavailable = async (source: UserSource): Promise<string> => {
    const found = await source.find('alice');
    assert.equal(found.kind, 'unavailable');
    assert.equal(await source.checkPassword('alice', people.alice), 'unavailable');
    return found.kind === 'unavailable' ? found.detail : '';
  };

  describe('finds', () => {
    it('a user, with what the directory says of them', async () => {
      const found = await given({ attributes: { groups: 'ou', userid: 'dn' } }).find('alice');
      assert.ok(found.kind === 'found');
      assert.deepEqual(found.user, {
        username: 'alice',
        userid: 'uid=alice,ou=people,dc=corp,dc=example',
        givenname: 'Alice',
        surname: 'Liddell',
        email: 'alice@corp.example',
        phone: '+49 1',
        mobile: '+49 2',
        groups: ['admins', 'staff'],
        resolver: 'ad',
      });
    });

    it('the name as the directory writes it, however it was typed', async () => {
      const found = await given().find('ALICE');
      assert.ok(found.kind === 'found');
      assert.equal(found.user.username, 'alice');
      assert.match(found.user.userid, /^[0-9a-f-]{36}$/);
    });

    it('names and passwords beyond ASCII', async () => {
      const source = given();
      const found = await source.find('zoë');
      assert.ok(found.kind === 'found');
      assert.deepEqual([found.user.username, found.user.surname], ['zoë', 'Größe']);
      assert.equal(await source.checkPassword('zoë', people.zoë), 'right');
      assert.equal(await source.checkPassword('zoë', 'strasse 7'), 'wrong');
    });

    it('users of Active Directory, whose id is bytes', async () => {
      const filter = '(|(sAMAccountName={user})(userPrincipalName={user}))';
      const source = given({ filter, attributes: { username: 'sAMAccountName', userid: 'objectGUID' } });
      for (const name of ['aliddell', 'alice@corp.example']) {
        const found = await source.find(name);
        assert.ok(found.kind === 'found');
        assert.deepEqual([found.user.username, found.user.userid], ['ALiddell', '00112233-4455-6677-8899-aabbccddeeff']);
        assert.equal(await source.checkPassword(name, people.alice), 'right');
      }
    });

    it('only what is in its scope', async () => {
      const source = given({ scope: 'one', baseDn: `ou=more,${directory.baseDn}` });
      assert.equal((await source.find('bob')).kind, 'found');
      assert.equal((await source.find('alice')).kind, 'unknown');
      assert.equal((await given({ scope: 'one' }).find('bob')).kind, 'unknown');
    });

    it('nobody by the characters that mean something in a filter', async () => {
      const source = given();
      for (const name of ['*', 'alic*', 'alice)(uid=*', '*)(|(uid=*', 'al\\69ce', 'alice\0', '(uid=alice)', '$&', "$'"]) {
        assert.equal((await source.find(name)).kind, 'unknown', name);
        assert.equal(await source.checkPassword(name, people.alice), 'wrong', name);
      }
    });

    it('nobody where a name stands for two, even where the server shows only one', async () => {
      const limited = await givenSlapd(undo, ['sizelimit 1']);
      for (const source of [given(), given({ urls: limited.ldap })]) {
        assert.equal((await source.find('twin')).kind, 'ambiguous');
        assert.equal(await source.checkPassword('twin', 'same'), 'wrong');
      }
      assert.equal((await given({ urls: limited.ldap }).find('alice')).kind, 'found');
    });

    it('users whose account is disabled or expired, and says so; their passwords are wrong then', async () => {
      const source = given();
      assert.deepEqual(await source.find('gone'), { kind: 'barred', why: 'disabled' });
      assert.deepEqual(await source.find('past'), { kind: 'barred', why: 'expired' });
      for (const name of ['gone', 'past'] as const) assert.equal(await source.checkPassword(name, people[name]), 'wrong');
      // unless the directory means something else by these attributes
      assert.equal((await given({ accountState: false }).find('gone')).kind, 'found');
    });

    it('nobody who has no login name', async () => {
      const found = await given({ filter: '(cn={user})' }).find('nameless');
      assert.deepEqual(found, { kind: 'unavailable', detail: 'the entry has no uid' });
    });
  });

  describe('judges passwords', () => {
    it('by a bind: right, wrong, nobody there', async () => {
      const source = given();
      assert.equal(await source.checkPassword('alice', people.alice), 'right');
      assert.equal(await source.checkPassword('alice', people.bob), 'wrong');
      assert.equal(await source.checkPassword('mallory', people.alice), 'wrong');
      assert.equal(await source.checkPassword('alice', people.alice), 'right', 'the searches still have their rights');
    });

    it('and never sends an empty one, which this directory would take', async () => {
      assert.equal(await given().checkPassword('alice', ''), 'wrong');
    });
  });

  describe('speaks TLS', () => {
    const ways = { ldaps: () => ({ urls: slapd.ldaps }), StartTLS: () => ({ urls: slapd.ldap, startTls: true }) };
    for (const [way, settings] of Object.entries(ways)) {
      it(`by ${way}, and trusts the named authority only`, async () => {
        const source = given({ ...settings(), ca: slapd.caFile });
        assert.equal((await source.find('alice')).kind, 'found');
        assert.equal(await source.checkPassword('alice', people.alice), 'right');
        assert.equal(await source.checkPassword('alice', 'wrong'), 'wrong');
        const wrongCa = join(temporaryFolder(undo), 'ca.pem');
        writeFileSync(wrongCa, selfSigned.cert);
        assert.match(
          await unavailable(given({ ...settings(), ca: wrongCa })),
          /: tls, its certificate is from an authority that is not trusted here; name .* in ca$/,
        );
        assert.match(
          await unavailable(given(settings())),
          /: tls, its certificate is from an authority that is not trusted here; name .* in ca$/,
        );
      });
    }

    it('never without: StartTLS that a server does not know ends in nothing', async () => {
      const plain = await relay(undo, slapd.ldap, (bytes) =>
        Buffer.from(bytes.toString('latin1').replace('1466.20037', '1466.20038'), 'latin1'),
      );
      assert.match(await unavailable(given({ urls: plain.url, startTls: true, ca: slapd.caFile })), /LDAP result 2$/);
      await plain.allGone();
    });

    it('and stops the start where the file of the authority cannot be used', () => {
      assert.throws(
        () => given({ urls: slapd.ldaps, ca: 'gone.pem' }),
        (error) => error instanceof GatewayFault && error.code === 'config-invalid',
      );
    });
  });

  describe('lives with trouble', () => {
    it('a server that is down', async () => {
      assert.match(await unavailable(given({ urls: `ldap://127.0.0.1:${await freePort()}` })), /: connection$/);
    });

    it('the first of two down: the second one answers, and is asked first for a while', async () => {
      const down = await countedServer(undo, (socket) => socket.destroy());
      const source = given({ urls: [down.url, slapd.ldap], cacheMs: 0, retryAfterMs: 30_000 });
      assert.equal((await source.find('alice')).kind, 'found');
      assert.equal(await source.checkPassword('alice', people.alice), 'right');
      assert.equal(down.connections(), 1);
      clock.advance(seconds(30));
      assert.equal(await source.checkPassword('alice', people.alice), 'right');
      assert.equal(down.connections(), 2);
    });

    it('a server that takes the connection and says nothing', async () => {
      const silent = await countedServer(undo, () => undefined);
      for (const settings of [{}, { startTls: true }, { urls: silent.url.replace('ldap:', 'ldaps:') }])
        assert.match(await unavailable(given({ urls: silent.url, serverTimeoutMs: 60, ...settings })), /: timeout$/);
      const source = given({ urls: [silent.url, slapd.ldap], serverTimeoutMs: 300 });
      assert.equal((await source.find('alice')).kind, 'found');
    });

    it('the first of two says nothing, and may do so for the whole time: the second one still has its share', async () => {
      const silent = await countedServer(undo, () => undefined);
      const limits = { cacheMs: 0, timeoutMs: 1000, serverTimeoutMs: 60_000 };
      const source = given({ urls: [silent.url, slapd.ldap], ...limits });
      assert.equal((await source.find('alice')).kind, 'found');
      // A connection that died without a word has no more than a share either.
      const way = await relay(undo, slapd.ldap);
      const kept = given({ urls: way.url, ...limits });
      assert.equal((await kept.find('alice')).kind, 'found');
      way.freeze();
      assert.equal((await kept.find('alice')).kind, 'found');
    });

    it('a server that talks nonsense', async () => {
      for (const nonsense of [
        Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'),
        Buffer.from('30050201027f00', 'hex'),
        Buffer.alloc(64, 0xff),
      ]) {
        const babbler = await countedServer(undo, (socket) => socket.once('data', () => socket.write(nonsense)));
        await unavailable(given({ urls: babbler.url, serverTimeoutMs: 60 }));
      }
    });

    it('a wrong bind password', async () => {
      const source = given({ bindPassword: new Secret('wrong') });
      assert.match(await unavailable(source), /bindDn or bindPassword is wrong$/);
      const check = await source.check(AbortSignal.timeout(seconds(5)));
      assert.ok(!check.ok && check.problem.includes('0 of 1 servers'));
    });

    it('a directory that was restarted, and a connection that died without a word', async () => {
      const own = await givenSlapd(undo);
      const way = await relay(undo, own.ldap);
      const source = given({ urls: way.url, cacheMs: 0, serverTimeoutMs: 1000 });
      assert.equal((await source.find('alice')).kind, 'found');
      way.freeze();
      assert.equal((await source.find('alice')).kind, 'found');
      await own.stop();
      assert.equal((await source.find('alice')).kind, 'unavailable');
      await own.start();
      assert.equal((await source.find('alice')).kind, 'found');
    });

    it('many questions at once, over one connection once it is there', async () => {
      const way = await relay(undo, slapd.ldap);
      const source = given({ urls: way.url, cacheMs: 0 });
      await source.find('alice');
      const names = Array.from({ length: 50 }, (_, index) => (index % 2 ? 'alice' : 'bob'));
      const found = await Promise.all(names.map((name) => source.find(name)));
      assert.deepEqual(
        found.map((each) => (each.kind === 'found' ? each.user.username : each.kind)),
        names,
      );
      assert.equal(way.connections(), 1);
    });
  });

  it('remembers who was found for a while, but no password and nobody who was not', async () => {
    const way = await relay(undo, slapd.ldap);
    const source = given({ urls: way.url, cacheMs: 60_000 });
    await source.find('alice');
    const before = way.bytes();
    assert.equal((await source.find('alice')).kind, 'found');
    assert.equal(way.bytes(), before);
    await source.find('mallory');
    assert.ok(way.bytes() > before);
    clock.advance(seconds(61));
    const later = way.bytes();
    await source.find('alice');
    assert.ok(way.bytes() > later);
    // and asks anew where it is told to forget her
    source.forget?.('alice');
    const forgotten = way.bytes();
    await source.find('alice');
    assert.ok(way.bytes() > forgotten);
    assert.equal(await source.checkPassword('alice', people.alice), 'right');
    assert.equal(await source.checkPassword('alice', people.bob), 'wrong');
  });

  it('takes about the same steps for a user who is not there', async () => {
    const way = await relay(undo, slapd.ldap);
    const source = given({ urls: way.url, cacheMs: 0 });
    await source.find('alice');
    for (const name of ['alice', 'mallory']) {
      const before = way.connections();
      assert.equal(await source.checkPassword(name, 'wrong'), 'wrong');
      assert.equal(way.connections() - before, 1, name);
    }
  });

  it('shows in the metrics whether it can be asked, and which failures there were', async () => {
    const own = await givenSlapd(undo);
    const metrics = openMetrics('test');
    const source = given({ urls: own.ldap }, metrics);
    const shown = async (what: string) => Number(new RegExp(`^pushgate_user_source_${what} (\\S+)$`, 'm').exec(await metrics.text())?.[1]);
    const up = () => shown('up\\{source="ad",kind="ldap"\\}');
    const failed = (reason: string) => shown(`failures_total\\{source="ad",kind="ldap",reason="${reason}"\\}`);
    // when it is gone while somebody logs in
    await own.stop();
    await unavailable(source);
    assert.deepEqual([await up(), (await failed('connection')) > 0, await failed('refused')], [0, true, 0]);
    // when it is back, a check is enough to know
    await own.start();
    assert.ok((await source.check(AbortSignal.timeout(5000))).ok);
    assert.equal(await up(), 1);
    // a bind password that it does not take is another reason
    const wrong = given({ urls: own.ldap, bindPassword: new Secret('wrong') }, metrics);
    assert.ok(!(await wrong.check(AbortSignal.timeout(5000))).ok);
    assert.deepEqual([await up(), await failed('refused')], [0, 1]);
  });

  it('says which of its servers can be searched', async () => {
    const down = `ldap://127.0.0.1:${await freePort()}`;
    const check = await given({ urls: [down, slapd.ldap] }).check(AbortSignal.timeout(seconds(5)));
    assert.deepEqual(check, { ok: true, detail: `1 of 2 servers can be searched; ${down}: connection`, isPartial: true });
    const nowhere = await given({ baseDn: 'dc=nowhere' }).check(AbortSignal.timeout(seconds(5)));
    assert.deepEqual(nowhere.ok, false);
  });

  it('answers nothing once it is closed', async () => {
    const source = given();
    await source.find('alice');
    await source.close();
    await source.close();
    assert.equal((await source.find('bob')).kind, 'unavailable');
  });

  it('logs no password', () => {
    assert.ok(logged.length > 0);
    for (const password of Object.values(people)) assert.ok(!logged.join('').includes(password), password);
  });
});

/** A server of our own, which counts who comes. */
async function countedServer(undo: Cleanup, greet: (socket: Socket) => void) {
  let count = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    count += 1;
    sockets.add(socket.on('error', () => undefined));
    greet(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  undo.later(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const allGone = () => Promise.all([...sockets].map((socket) => socket.closed || once(socket, 'close')));
  return { url: `ldap://127.0.0.1:${port}`, connections: () => count, allGone };
}

/** Stands between a source and a directory; `freeze` lets the connections that are there pass nothing any more. */
async function relay(undo: Cleanup, url: string, change = (bytes: Buffer): Buffer => bytes) {
  let frozen = new WeakSet<Socket>();
  let open: Socket[] = [];
  let count = 0;
  const server = await countedServer(undo, (socket) => {
    open.push(socket);
    const far = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => socket.destroy());
    socket.on('data', (bytes) => {
      count += bytes.length;
      if (!frozen.has(socket)) far.write(change(bytes));
    });
    far.on('data', (bytes) => !frozen.has(socket) && socket.write(bytes)).on('close', () => frozen.has(socket) || socket.destroy());
    socket.on('close', () => far.destroy());
  });
  return {
    ...server,
    bytes: () => count,
    freeze: () => {
      frozen = new WeakSet(open);
      open = [];
    },
  };
}
