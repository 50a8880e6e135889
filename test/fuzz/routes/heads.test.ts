import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { givenGateway } from '../../kit/gateway.ts';
import { cleanup } from '../../kit/temporary.ts';
import { readCorpus } from '../engine/corpus.ts';
import { fuzzParser } from '../engine/fuzz.ts';
import { judge, type Parser, refused, taken } from '../engine/parser.ts';
import { fuzz } from './requests.ts';

const body = 'user=bob&pass=1234';
const form = `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}`;
const seeds = [
  `POST /validate/check HTTP/1.1\r\nHost: x\r\n${form}\r\n\r\n${body}`,
  `POST /validate/check HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n12;a=b\r\n${body}\r\n0\r\nX: y\r\n\r\n`,
  'GET /token/?serial=a HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a.b.c\r\nCookie: a="b; c"\r\nX-Forwarded-For: for="[::1]:1", 1.2.3.4\r\n\r\n',
  'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nHEAD http://x/healthz HTTP/1.0\r\n\r\n',
  'OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nExpect: 100-continue\r\n\r\n',
  'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0',
  'CONNECT x:443 HTTP/1.1\r\nHost: x:443\r\n\r\n',
];

describe(`Any bytes that come by a connection (${fuzz.told})`, function () {
  this.timeout(600_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  const given = async (): Promise<Parser> => {
    const { client, logged } = await givenGateway(undo, { settings: { sourceFailures: 1_000_000 } });
    const port = Number(new URL(client.url).port);
    const read = async (input: Buffer) => {
      const socket = connect(port, '127.0.0.1');
      socket.end(input);
      const statuses = repliesIn((await buffer(socket)).toString('latin1'));
      const failed = logged.splice(0).filter(({ message }) => message === 'a handler failed');
      assert.deepEqual(failed, [], 'nothing broke inside');
      const as = statuses.slice(0, 3).join();
      return statuses.some((status) => status < 400) ? taken(statuses, as) : refused(as);
    };
    const of = ['src/edge/http/listener.ts', 'src/edge/http/connection.ts', 'src/edge/http/half-sent.ts'];
    return { name: 'http-head', of, longest: 20_000, seeds: () => seeds.map((text) => Buffer.from(text, 'latin1')), open: () => read };
  };

  it('get well-formed replies with a status of the client, or none', async () => {
    const parser = await given();
    for (const { file, input } of readCorpus(parser)) {
      const outcome = await judge(parser.open(), input);
      if ('problem' in outcome) assert.fail(`${file}: ${outcome.problem}`);
    }
    const { finding } = await fuzzParser(parser, { seed: fuzz.seed, from: 0, runs: Math.ceil(fuzz.runs / 4) });
    if (finding) assert.fail(`${finding.file}: ${finding.problem}`);
  });
});

/** The statuses of all replies that came, one after the other; asserts that each is whole and none is our fault. */
function repliesIn(text: string): number[] {
  const statuses: number[] = [];
  for (let rest = text; rest !== ''; ) {
    const [head = '', status = ''] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n(?:[\w-]+: [^\r\n]*\r\n)*\r\n/.exec(rest) ?? [];
    assert.notEqual(head, '', `no head of a reply: ${rest.slice(0, 200)}`);
    assert.ok(Number(status) < 500, `${head}`);
    statuses.push(Number(status));
    rest = rest.slice(head.length);
    // The reply to a HEAD says how long a body would have been, and sends none.
    if (!rest.startsWith('HTTP/1.1 ')) rest = rest.slice(bodyLength(head, rest));
  }
  return statuses;
}

function bodyLength(head: string, rest: string): number {
  const last = '\r\n0\r\n\r\n';
  if (/transfer-encoding: chunked/i.test(head)) return rest.startsWith('0\r\n\r\n') ? 5 : rest.indexOf(last) + last.length;
  return Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
}
