import assert from 'node:assert/strict';
import {
  failsWith,
  fitsLinotp,
  LinotpFault,
  type LinotpProduct,
  linotpFallback,
  linotpParams,
  readLinotpRequest,
  sendLinotp,
  sendLinotpText,
} from '../../../src/edge/formats/linotp/index.ts';
import { openListener } from '../../../src/edge/http/index.ts';
import { GatewayFault } from '../../../src/foundation/model/index.ts';
import { openLog, openMetrics } from '../../../src/foundation/telemetry/index.ts';
import { cleanup } from '../../kit/temporary.ts';
import { readVectors } from '../../kit/vectors.ts';

const version = '4.0.0';
type Transcript = { label: string; status: number; content_type: string; response: unknown };
const vectors = readVectors<{ server_transcripts: { events: Transcript[] } }>('linotp.json');

describe("LinOTP's requests and replies", () => {
  const undo = cleanup();
  afterEach(() => undo.run());

  /** A server whose calls end as their names say. */
  const given = async (product: LinotpProduct = { version }) => {
    const log = openLog('silent');
    const metrics = openMetrics('0');
    const draining = { now: false };
    const methods = ['GET', 'POST'] as const;
    const routes = [
      {
        methods,
        path: '/echo',
        handle: async (ctx: Parameters<typeof sendLinotp>[0]) => {
          const params = await readLinotpRequest(ctx);
          const values = Object.fromEntries(params.names().map((name) => [name, params.list(name)]));
          sendLinotp(ctx, product, { id: 1, value: true, detail: { values } });
        },
      },
      {
        methods,
        path: '/refuse',
        handle: async (ctx: Parameters<typeof sendLinotp>[0]) => void (await readLinotpRequest(ctx)).required('type'),
      },
      {
        methods,
        path: '/nosuch',
        handle: async (ctx: Parameters<typeof sendLinotp>[0]) => {
          await readLinotpRequest(ctx);
          throw new LinotpFault('token-type', "admin/init failed: unknown token type 'nosuch'");
        },
      },
      {
        methods,
        path: '/quiet',
        handle: async (ctx: Parameters<typeof sendLinotp>[0]) => {
          failsWith(ctx, { id: 0, status: false, value: false });
          (await readLinotpRequest(ctx)).required('type');
        },
      },
      {
        methods,
        path: '/simple',
        handle: (ctx: Parameters<typeof sendLinotp>[0]) => {
          failsWith(ctx, { text: ':-(' });
          if (ctx.query.pass !== 'right') throw new LinotpFault('policy', 'no');
          sendLinotpText(ctx, ':-)');
        },
      },
      {
        methods,
        path: '/down',
        handle: (ctx: Parameters<typeof sendLinotp>[0]) => {
          failsWith(ctx, { id: 0, value: false });
          throw new GatewayFault('store-unavailable', 'secret place');
        },
      },
      {
        methods,
        path: '/broken',
        handle: () => {
          throw new Error('secret place');
        },
      },
    ];
    const mounts = [{ path: '/', dialect: 'linotp', routes, fallback: linotpFallback(product) }];
    const { url, close } = await openListener({ address: '127.0.0.1:0', mounts, log, metrics, draining });
    undo.later(() => close(0));
    return async (path: string, init: RequestInit = {}) => {
      const reply = await fetch(`${url}${path}`, init);
      return { status: reply.status, type: reply.headers.get('content-type') ?? '', text: await reply.text() };
    };
  };

  it('come as ASCII, indented by three, in the order of the wire', async () => {
    const call = await given();
    const { status, type, text } = await call('/echo?user=%C3%BCber');
    assert.deepEqual([status, type], [200, 'application/json']);
    assert.equal(
      text,
      [
        '{',
        '   "jsonrpc": "2.0802",',
        '   "result": {',
        '      "status": true,',
        '      "value": true',
        '   },',
        '   "version": "LinOTP 4.0.0",',
        '   "versionNumber": "4.0.0",',
        '   "id": 1,',
        '   "detail": {',
        '      "values": {',
        '         "user": [',
        '            "\\u00fcber"',
        '         ]',
        '      }',
        '   }',
        '}',
      ].join('\n'),
    );
  });

  it('omit an empty detail, and the number of a version 2', async () => {
    const call = await given({ version: '2.11.2' });
    const { text } = await call('/quiet');
    assert.deepEqual(JSON.parse(text), {
      jsonrpc: '2.0802',
      result: { status: false, value: false },
      version: 'LinOTP 2.11.2',
      id: 0,
    });
  });

  it('are read from query and form together, the query first, or from JSON alone', async () => {
    const call = await given();
    const values = async (path: string, init?: RequestInit) => JSON.parse((await call(path, init)).text).detail?.values;
    const form = new URLSearchParams([
      ['user', 'form'],
      ['pass', 'p'],
      ['realms[]', 'a'],
      ['realms[]', 'b'],
    ]);
    assert.deepEqual(await values('/echo?user=query', { method: 'POST', body: form }), {
      user: ['query'],
      pass: ['p'],
      realms: ['a', 'b'],
    });
    const body = '{"serial": "S", "list": ["x", 1], "flag": true}';
    assert.deepEqual(await values('/echo?user=query', { method: 'POST', body, headers: { 'content-type': 'application/json' } }), {
      serial: ['S'],
      list: ['x', '1'],
      flag: ['true'],
    });
  });

  it('contain the number and the text of an error, or are a page with the requested status', async () => {
    const call = await given();
    const message = "ERR905: missing key KeyError('type')";
    const { status, text } = await call('/refuse');
    assert.deepEqual([status, JSON.parse(text).result, JSON.parse(text).id], [200, { status: false, error: { code: 905, message } }, 1]);
    for (const [asked, got] of [
      ['503', 503],
      ['', 500],
      ['abc', 500],
      ['99', 500],
    ] as const) {
      const page = await call(`/refuse?httperror=${asked}`);
      assert.deepEqual([page.status, page.type], [got, 'text/html; charset=utf-8'], asked);
      assert.match(page.text, /905/);
    }
    // and that page is the one that was recorded
    const recorded = vectors.server_transcripts.events.find(({ label }) => label === 'httperror on admin error');
    const [, theirs = ''] = /\[LinOTP ([^\]]+)\]/.exec(String(recorded?.response)) ?? [];
    const ours = await (await given({ version: theirs }))('/nosuch?httperror=503');
    assert.deepEqual([ours.status, ours.type, ours.text], [recorded?.status, recorded?.content_type, recorded?.response]);
    const limited = await given({ version, httpErrorCodes: [410] });
    assert.equal((await limited('/refuse?httperror=503')).status, 200);
  });

  it('contain no error where an endpoint has none, whatever was requested', async () => {
    const call = await given();
    const quiet = await call('/quiet?httperror=503');
    assert.deepEqual([quiet.status, JSON.parse(quiet.text).result], [200, { status: false, value: false }]);
    assert.deepEqual([(await call('/simple')).text, (await call('/simple?pass=right')).text], [':-(', ':-)']);
  });

  it('do not report a broken gateway as a refusal, and do not reveal the defect', async () => {
    const call = await given();
    const [down, broken] = [await call('/down'), await call('/broken')];
    assert.deepEqual([down.status, JSON.parse(down.text).result], [503, { status: true, value: false }]);
    assert.deepEqual([broken.status, JSON.parse(broken.text).result.error], [500, { code: -311, message: 'Internal error' }]);
    assert.ok(![down, broken].some(({ text }) => text.includes('secret place')));
    assert.equal((await call('/nowhere')).status, 404);
    const put = await call('/echo', { method: 'PUT' });
    assert.deepEqual([put.status, typeof JSON.parse(put.text)], [405, 'object']);
  });

  it('accept only texts where texts are expected', () => {
    const params = linotpParams(
      new Map<string, unknown>([
        ['list', ['a']],
        ['record', {}],
        ['nul', 'a\0'],
        ['number', 7],
        ['nothing', null],
      ]),
    );
    for (const name of ['list', 'record', 'nul']) assert.throws(() => params.text(name), LinotpFault);
    assert.deepEqual([params.text('number'), params.text('nothing'), params.list('missing')], ['7', undefined, []]);
  });

  it('have a limit for the bytes of each text', () => {
    for (const [name, most] of [
      ['message', 511],
      ['callback', 511],
      ['serial', 63],
      ['login', 127],
      ['host', 255],
    ] as const) {
      assert.ok(fitsLinotp(name, 'x'.repeat(most)));
      assert.ok(!fitsLinotp(name, 'x'.repeat(most + 1)));
      assert.ok(!fitsLinotp(name, 'ü'.repeat(Math.ceil((most + 1) / 2))));
    }
    assert.ok(!fitsLinotp('message', 'a\0b') && !fitsLinotp('message', '\ud800'));
  });
});
