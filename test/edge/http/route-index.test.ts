import assert from 'node:assert/strict';
import type { Method } from '../../../src/edge/http/route.ts';
import { openRouteIndex } from '../../../src/edge/http/route-index.ts';

describe('The route of a request', () => {
  const table: [name: string, methods: Method[], path: string][] = [
    ['list', ['GET'], '/token/'],
    ['init', ['POST'], '/token/init'],
    ['expired', ['DELETE'], '/token/challenges/expired'],
    ['one', ['GET', 'DELETE'], '/token/:serial'],
    ['challenges', ['GET', 'DELETE'], '/token/challenges/:serial'],
    ['late', ['GET'], '/token/late'],
    ['info', ['POST'], '/token/info/:serial/:key'],
    ['root', ['GET'], '/'],
    ['dots', ['GET'], '/a.b(c)/x'],
  ];
  const index = openRouteIndex(table.map(([name, methods, path]) => ({ name, methods, path })));

  const rows: [asked: string, name: string | undefined, params?: Record<string, string>][] = [
    ['GET /token/', 'list'],
    ['GET /token', 'list'],
    ['HEAD /token', 'list'],
    ['POST /token/init', 'init'],
    ['POST /token/init/', 'init'],
    ['GET /token/init', 'one', { serial: 'init' }],
    ['GET /token/P%2FU%20%C3%A9/', 'one', { serial: 'P/U é' }],
    ['DELETE /token/challenges/expired', 'expired'],
    ['GET /token/challenges/expired', 'challenges', { serial: 'expired' }],
    // The route that was added first has priority.
    ['GET /token/late', 'one', { serial: 'late' }],
    ['POST /token/info/A/b', 'info', { serial: 'A', key: 'b' }],
    ['POST /token/info//b', undefined],
    ['GET /', 'root'],
    ['GET /token//', undefined],
    ['GET /TOKEN/', undefined],
    ['PUT /token/init', undefined],
    ['GET /a.b(c)/x', 'dots'],
    ['GET /aXb(c)/x', undefined],
    ['GET /token/:serial', 'one', { serial: ':serial' }],
    ['GET ', undefined],
  ];
  for (const [asked, name, params = {}] of rows)
    it(`is ${name ?? 'none'} for ${asked}`, () => {
      const [method = '', path = ''] = asked.split(' ');
      const found = index.find(method, path);
      assert.equal(found?.route.name, name);
      if (found) assert.deepEqual(found.params, params);
    });

  it('lists the methods of a path in the order of the routes', () => {
    assert.deepEqual(index.methodsOf('/token/init'), ['POST', 'GET', 'DELETE', 'HEAD']);
    assert.deepEqual(index.methodsOf('/nowhere/at/all'), []);
    assert.equal(index.routeAt('/nowhere/at/all'), undefined);
  });
});
