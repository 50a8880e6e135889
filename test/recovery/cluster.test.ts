import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { createKeyringFile } from '../../src/foundation/keyring/index.ts';
import { systemCode } from '../../src/foundation/model/index.ts';
import { configText, type GatewayWishes } from '../kit/gateway.ts';
import { type GatewayProcess, gatewayProcess, pushgate } from '../kit/gateway-process.ts';
import { dropDatabase, givenMongo } from '../kit/mongod.ts';
import { piClient } from '../kit/pi-client.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

const workers = 2;
const poll = '/validate/polltransaction?transaction_id=00000000000000000000';

describe('Several workers on one listener', function () {
  this.timeout(120_000);
  const undo = cleanup();
  const mongo = givenMongo();
  afterEach(() => undo.run());

  const givenConfig = async (wishes: GatewayWishes = {}) => {
    const folder = temporaryFolder(undo);
    const database = mongo.database();
    undo.later(() => dropDatabase(mongo.url(), database));
    const address = `127.0.0.1:${await freePort()}`;
    const file = join(folder, 'config.json');
    const write = (over: GatewayWishes = {}): void => {
      const store = { kind: 'mongodb', url: { $file: 'mongodb-url' }, database };
      writeFileSync(file, configText({ ...wishes, ...over, more: { cluster: { workers }, store, ...wishes.more } }, address));
    };
    writeFileSync(join(folder, 'mongodb-url'), mongo.url());
    createKeyringFile(join(folder, 'keyring.json'), Date.now());
    write();
    return { file, url: `http://${address}`, write };
  };

  const givenWorkers = async () => {
    const config = await givenConfig();
    const gateway = await gatewayProcess(config.file);
    undo.later(() => gateway.end('SIGKILL'));
    await gateway.logged(/"the gateway listens"/, workers);
    return {
      ...config,
      gateway,
      log: logOf(gateway),
      pids: () => new Set(logOf(gateway)('the gateway listens').map(({ worker }) => worker)),
    };
  };

  it('share the requests, show one sum of what they count, and make one password', async () => {
    // given four workers
    const { gateway, url, log, pids } = await givenWorkers();
    assert.equal(pids().size, workers);
    assert.equal(gateway.output().out.match(/Password:/g)?.length, 1);
    // when forty clients ask, each on a connection of its own
    const asked = await Promise.all(Array.from({ length: 40 }, () => connection(url).ask(poll)));
    const ids = asked.map(({ requestId }) => requestId);
    await log.until('request', (lines) => ids.every((id) => lines.some(({ requestId }) => requestId === id)));
    // then all workers had some of them
    const servedBy = new Set(log('request').map(({ worker }) => worker));
    assert.deepEqual(servedBy, pids());
    // and whichever worker is asked shows all of them
    for (const shown of await Promise.all(Array.from({ length: 8 }, () => connection(url).ask('/metrics')))) {
      assert.equal(
        metric(shown.text, 'pushgate_http_requests_total{dialect="privacyidea",route="/validate/polltransaction",status="200"}'),
        40,
      );
      assert.equal(metric(shown.text, 'pushgate_build_info{version="0.1.0"}'), 1);
      assert.equal(metric(shown.text, 'pushgate_provider_circuit_state{provider="poll"}'), 0);
      assert.equal(metric(shown.text, 'pushgate_workers'), workers);
    }
    for (const ready of await Promise.all(Array.from({ length: 8 }, () => connection(url).ask('/readyz')))) assert.equal(ready.status, 200);
    // and the password is good at any of them
    const password = /Password:\s+(\S+)/.exec(gateway.output().out)?.[1] ?? '';
    for (let time = 0; time < workers; time += 1) await piClient(url).login('admin', password);
  });

  it('go on when one is killed under load, and get another one in its place', async () => {
    // given clients whose connections are spread over the workers
    const { url, log, pids, gateway } = await givenWorkers();
    const clients = Array.from({ length: 8 }, () => connection(url));
    const first = await Promise.all(clients.map((client) => client.ask(poll)));
    await log.until('request', (lines) => first.every(({ requestId: id }) => lines.some(({ requestId }) => requestId === id)));
    const workerOf = (id: string) => log('request').find(({ requestId }) => requestId === id)?.worker;
    const victim = Number(workerOf(first[0]?.requestId ?? ''));
    const [lost, others] = [true, false].map((isLost) =>
      clients.filter((_, at) => (workerOf(first[at]?.requestId ?? '') === victim) === isLost),
    );
    assert.ok(lost && others && lost.length > 0 && others.length > 0);
    const before = metric((await connection(url).ask('/metrics')).text, requestsShown);
    // when their worker is killed while all of them ask
    const load = { isOn: true };
    const loaded = others.map(async (client) => {
      let count = 0;
      for (; load.isOn; count += 1) assert.equal((await client.ask(poll)).status, 200);
      return count;
    });
    const cut = lost.map(async (client) => {
      let failed = 0;
      while (load.isOn) await client.ask(poll).catch(() => (failed += 1));
      return failed;
    });
    process.kill(victim, 'SIGKILL');
    await log.until('the gateway listens', (lines) => lines.length === workers + 1);
    load.isOn = false;
    // then those of the others notice nothing, those of the dead one come to another after few tries, and a new one took its place
    for (const count of await Promise.all(loaded)) assert.ok(count > 0);
    // Until it hears of the death the primary may hand a new connection to the dead one, too.
    for (const failed of await Promise.all(cut)) assert.ok(failed <= 3, `${failed} requests failed`);
    assert.equal(log('a worker ended; another one takes its place')[0]?.how, 'SIGKILL');
    assert.equal(pids().size, workers + 1);
    // and the new one is asked too, and what the dead one had counted is not forgotten
    await log.until(
      'request',
      (lines) => lines.some(({ worker }) => worker === [...pids()].at(-1)),
      () => connection(url).ask(poll),
    );
    const shown = (await connection(url).ask('/metrics')).text;
    assert.equal(metric(shown, 'pushgate_worker_restarts_total'), 1);
    assert.ok(metric(shown, requestsShown) >= before, 'a counter fell');
    assert.equal(await gateway.end('SIGTERM'), 0);
  });

  it('finish the requests under way when they are asked to stop, and are all gone then', async () => {
    const { url, gateway, pids } = await givenWorkers();
    const client = piClient(url);
    // Each under its own name, since wrong passwords of one wait for each other.
    const replies = Array.from({ length: 8 }, (_, number) => client.post('/auth', { username: `admin${number}`, password: 'wrong' }));
    await Promise.race(replies);
    const code = await gateway.end('SIGTERM');
    assert.deepEqual(
      (await Promise.all(replies)).map(({ status }) => status),
      Array(8).fill(401),
    );
    assert.equal(code, 0);
    for (const pid of pids())
      assert.throws(
        () => process.kill(Number(pid), 0),
        (error) => systemCode(error) === 'ESRCH',
      );
  });

  it('all reload once at SIGHUP and once when the file changes', async () => {
    const { log, pids, gateway, write } = await givenWorkers();
    const reloaded = 'the configuration was reloaded';
    // The whole group is told, as a terminal or a supervisor does.
    for (const pid of pids()) process.kill(Number(pid), 'SIGHUP');
    gateway.child.kill('SIGHUP');
    await log.until(reloaded, (lines) => lines.length >= workers);
    write({ policies: [{ name: 'new', actions: { push_title_on_mobile: 'New' } }] });
    await log.until(reloaded, (lines) => lines.length >= 2 * workers);
    // A stop comes after all that was under way, so that a reload too many would be seen.
    assert.equal(await gateway.end('SIGTERM'), 0);
    const times = [...pids()].map((pid) => log(reloaded).filter(({ worker }) => worker === pid).length);
    assert.deepEqual(times, Array(workers).fill(2));
  });

  it('stop for good when the whole group is told, as by Ctrl-C', async () => {
    const { log, pids, gateway } = await givenWorkers();
    for (const pid of pids()) process.kill(Number(pid), 'SIGINT');
    assert.equal(await gateway.end('SIGINT'), 0);
    assert.deepEqual(log('a worker ended; another one takes its place'), []);
  });

  it('come back one by one as soon as a file is right again that kept them from starting', async () => {
    // given a file that was broken while all workers ran, and one of them killed since
    const { log, pids, gateway, write, file } = await givenWorkers();
    writeFileSync(file, '{ "broken');
    gateway.child.kill('SIGHUP');
    await log.until('the new configuration was refused; the old one stays in use', (lines) => lines.length >= workers);
    process.kill(Number([...pids()][0]), 'SIGKILL');
    const ended = 'a worker ended; another one takes its place';
    await log.until(ended, (lines) => lines.length >= 3);
    assert.match(String(log(ended)[1]?.how), /^the configuration .* cannot be used/);
    assert.ok(Number(log(ended)[2]?.againInMs) > Number(log(ended)[0]?.againInMs), 'the pauses grow');
    // when it is right again
    write();
    gateway.child.kill('SIGHUP');
    // then there are as many as before
    await log.until('the gateway listens', (lines) => lines.length === workers + 1);
    assert.equal(await gateway.end('SIGTERM'), 0);
  });

  it('end with the primary, however it ends', async () => {
    const { gateway, url } = await givenWorkers();
    const client = connection(url);
    await client.ask(poll);
    const closed = once(client.socket(), 'close');
    await gateway.end('SIGKILL');
    await closed;
    await assert.rejects(connection(url).ask(poll), { code: 'ECONNREFUSED' });
  });

  it('do not start where one cannot, and say why in one sentence', async () => {
    const { file, url } = await givenWorkers();
    const { code, out, err } = await pushgate('serve', '--config', file);
    assert.equal(code, 3);
    assert.equal(out, '');
    assert.match(err.trim(), new RegExp(`^pushgate: Cannot listen [^\n]*${new URL(url).port}[^\n]*$`));
  });
});

const requestsShown = 'pushgate_http_requests_total{dialect="privacyidea",route="/validate/polltransaction",status="200"}';

type Line = Record<string, unknown>;

/** The log of all workers: the lines with this message, and how to wait for what they shall come to; `nudge` is done again and again meanwhile. */
function logOf({ output, child }: GatewayProcess) {
  const lines = (message: string): Line[] =>
    output()
      .err.split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line): Line => JSON.parse(line))
      .filter((line) => line.message === message);
  const until = async (message: string, isEnough: (lines: Line[]) => boolean, nudge?: () => Promise<unknown>): Promise<void> => {
    while (!isEnough(lines(message))) {
      const more = once(child.stderr ?? child, 'data');
      await nudge?.();
      await more;
    }
  };
  return Object.assign(lines, { until });
}

/** A client with one connection, which it keeps. */
function connection(url: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let socket: NodeJS.EventEmitter | undefined;
  const ask = (path: string): Promise<{ status: number; requestId: string; text: string }> =>
    new Promise((resolve, reject) => {
      // A connection that is on its way to a worker when that is killed is nobody's; a client waits no longer than this.
      const request = get(`${url}${path}`, { agent, timeout: 5_000 }, (reply) => {
        socket = reply.socket;
        let text = '';
        reply.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        reply.once('end', () => resolve({ status: reply.statusCode ?? 0, requestId: String(reply.headers['x-request-id']), text }));
        reply.once('error', reject);
      });
      request.once('error', reject).once('timeout', () => request.destroy(new Error('no answer in time')));
    });
  return { ask, socket: () => socket ?? assert.fail('nothing was asked yet') };
}

/** The value of one line of Prometheus' text. */
function metric(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? assert.fail(`no ${name} in\n${text}`));
}
