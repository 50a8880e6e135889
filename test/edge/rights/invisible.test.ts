import assert from 'node:assert/strict';
import { givenLinotpGateway } from '../../kit/linotp-gateway.ts';
import { cleanup } from '../../kit/temporary.ts';
import { everything, givenCallers, keyFor, type Said, send } from './given.ts';
import { allRows, mountPaths, type Row, rowsOf, type Served } from './rows.ts';

/** How a row is told the id of a transaction; undefined for a row that takes none. */
function naming({ serves, path }: Row, id: string): Said | undefined {
  const login = { user: 'alice', pass: '' };
  switch (serves) {
    case 'privacyidea':
      if (path === '/radius/authenticate') return { form: { 'User-Name': 'alice', 'User-Password': '', State: id } };
      if (path.startsWith('/validate/polltransaction')) return { form: { transaction_id: id }, path: path.replace(':transaction_id', id) };
      return /^\/validate\/(\w*check)$/.test(path) ? { form: { ...login, transaction_id: id } } : undefined;
    case 'linotp':
      return /^\/validate\/\w*check/.test(path)
        ? { form: { ...login, pass: '1234', transactionid: id, serial: 'LSPT1' }, path: `${mountPaths.linotp}${path}` }
        : undefined;
    case 'rest':
      return path.startsWith('/v1/challenges/:id') ? { form: {}, path: `${mountPaths.rest}${path.replace(':id', id)}` } : undefined;
    default:
      return undefined;
  }
}

const stranger = keyFor(everything.rights);

describe('A transaction of another auth server', function () {
  this.timeout(60_000);
  const undo = cleanup();
  afterEach(() => undo.run());

  /** What a row says to the stranger about this id. The moment and the id itself are left out. */
  const saidBy = async (url: string, row: Row, id: string): Promise<string> => {
    const named = naming(row, id);
    assert.ok(named);
    const { status, text } = await send(url, row, named, { 'x-api-key': stranger });
    return `${status} ${text.replace(/"time": ?[\d.]+/, '"time"').replaceAll(id, 'ID')}`;
  };

  /** Every row that names a transaction says of a real one what it says of one that is not there. */
  async function isInvisible(url: string, serves: Served, id: string): Promise<void> {
    const rows = rowsOf(serves).filter((row) => naming(row, id));
    assert.ok(rows.length >= 3, `${rows.length} rows`);
    const unknown = id.replace(/^\d{4}/, (digits) => String(9999 - Number(digits)).padStart(4, '0'));
    for (const row of rows) {
      assert.equal(await saidBy(url, row, id), await saidBy(url, row, unknown), row.title);
    }
  }

  it('is unknown at a privacyidea mount, and still there for its own', async () => {
    const given = await givenCallers(undo, [{ ...everything, permissions: [] }]);
    const phone = await given.phoneOf('alice');
    const { id, nonce } = await given.challenge('alice', phone);
    await isInvisible(given.client.url, 'privacyidea', id);
    await phone.answer(nonce);
    // when it is accepted
    await isInvisible(given.client.url, 'privacyidea', id);
    assert.equal((await given.client.get('/validate/polltransaction', { transaction_id: id })).body.result.value, true);
    assert.equal((await given.client.post('/validate/check', { user: 'alice', pass: '', transaction_id: id })).body.result.value, true);
  });

  it('is unknown at a linotp mount, and still there for its own', async () => {
    const rights = everything.rights;
    const given = await givenLinotpGateway(undo, {
      environment: { STRANGER: stranger },
      more: {
        authServers: [
          { name: 'here', networks: ['127.0.0.1/32'], mounts: ['/', '/linotp'], rights },
          { name: 'stranger', apiKeys: [{ $env: 'STRANGER' }], mounts: ['/', '/linotp'], rights },
        ],
      },
    });
    const phone = await given.active('alice');
    const started = await given.post('/validate/check', { user: 'alice', pass: '1234', data: 'x' });
    assert.ok(started.json.detail, started.text);
    const id = started.json.detail.transactionid;
    await isInvisible(given.client.url, 'linotp', id);
    assert.equal((await phone.answer('ACCEPT')).json.result.value, true);
    await isInvisible(given.client.url, 'linotp', id);
    const status = await given.post('/validate/check_status', { user: 'alice', pass: '1234', transactionid: id });
    assert.equal(status.json.detail?.transactions[id].valid_tan, true, status.text);
  });

  it('is unknown at a rest mount, and still there for its own', async () => {
    const given = await givenCallers(undo, [{ ...everything, permissions: [] }]);
    const phone = await given.phoneOf('alice');
    const post = async (path: string, body: object): Promise<Record<string, string>> => {
      const headers = { 'content-type': 'application/json' };
      const reply = await fetch(`${given.client.url}/rest${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
      return JSON.parse(await reply.text());
    };
    const { id = '', number = '' } = await post('/v1/challenges', { user: 'alice', mode: 'presence' });
    await isInvisible(given.client.url, 'rest', id);
    await phone.answer((await phone.poll()).body.result.value.at(-1).nonce, { option: number });
    await isInvisible(given.client.url, 'rest', id);
    assert.equal((await post(`/v1/challenges/${id}/consume`, {})).status, 'consumed');
  });

  it('is looked for by every route of auth servers whose path names one', () => {
    const named = allRows().filter(({ path, needs }) => /:transaction_id|challenges\/:id/.test(path) && 'right' in Object(needs));
    assert.ok(named.length > 3, `${named.length} rows`);
    assert.deepEqual(
      named.filter((row) => !naming(row, '1')).map(({ title }) => title),
      [],
    );
  });
});
