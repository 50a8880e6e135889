import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandNode, commandTree, everyNode } from '../../src/cli/command-tree.ts';
import { wholeProgram } from '../../src/cli/index.ts';
import { loadConfig } from '../../src/config/index.ts';
import { parseJson, record, records } from '../../src/foundation/model/index.ts';
import { openLog } from '../../src/foundation/telemetry/index.ts';
import { startGateway } from '../../src/gateway/start.ts';
import { configText } from '../kit/gateway.ts';
import { runCli, silentTerminal } from '../kit/operator.ts';
import { freePort } from '../kit/ports.ts';
import { cleanup, temporaryFolder } from '../kit/temporary.ts';

/** Commands that print no data, or data that is no document. */
const withoutJson: Readonly<Record<string, string>> = {
  serve: 'runs until it is stopped',
  fakes: 'runs until it is stopped',
  demo: 'tells a story',
  'phone watch': 'runs until it is stopped',
  'audit export': 'prints a JSON object on each line, or CSV',
  completion: 'prints a script',
  health: 'says one sentence; scripts go by its exit code',
  help: 'prints help',
};

/** A gateway that runs, its configuration, and what the rows below learn from one another. */
type Place = {
  folder: string;
  file: string;
  phone: string;
  serial: string;
  uri: string;
  addressId: string;
  entryId: string;
  transactionId: string;
};

/** What is typed for a command, what is typed `before` it, and what later rows `learn` from the document. */
type Row = {
  argv: (place: Place) => string[];
  before?: (place: Place) => string[];
  learn?: (printed: Record<string, unknown>) => Partial<Place>;
};

const at = ({ file }: Place): string[] => ['--config', file];
const login = (place: Place): string[] => ['login', '--user', 'alice', '--pin', '1234', '--wait', '0', ...at(place)];

/** In this order: later rows need what earlier ones did. */
const rows: Readonly<Record<string, Row>> = {
  'tokens init': {
    argv: (place) => ['tokens', 'init', '--user', 'alice', '--pin', '1234', ...at(place)],
    learn: ({ serial, uri }) => ({ serial: String(serial), uri: String(uri) }),
  },
  'phone enrol': { argv: ({ uri, phone }) => ['phone', 'enrol', uri, '--phone', phone] },
  'phone list': { argv: ({ phone }) => ['phone', 'list', '--phone', phone] },
  login: { argv: (place) => [...login(place), '--wait', '20', '--approve', '--phone', place.phone] },
  'phone poll': { before: login, argv: ({ phone }) => ['phone', 'poll', '--phone', phone] },
  'phone approve': { before: login, argv: ({ phone }) => ['phone', 'approve', '--phone', phone] },
  'phone decline': { before: login, argv: ({ phone }) => ['phone', 'decline', '--phone', phone] },
  'tokens list': { argv: (place) => ['tokens', 'list', ...at(place)] },
  'tokens show': { argv: (place) => ['tokens', 'show', place.serial, ...at(place)] },
  'tokens setpin': { argv: (place) => ['tokens', 'setpin', place.serial, '--pin-file', join(place.folder, 'pin'), ...at(place)] },
  'tokens unassign': { argv: (place) => ['tokens', 'unassign', place.serial, ...at(place)] },
  'tokens assign': { argv: (place) => ['tokens', 'assign', place.serial, 'alice', '--pin-file', join(place.folder, 'pin'), ...at(place)] },
  'transactions list': {
    before: login,
    argv: (place) => ['transactions', 'list', '--limit', '1', ...at(place)],
    learn: ({ transactions }) => ({ transactionId: String(records(transactions)[0]?.id) }),
  },
  'transactions show': { argv: (place) => ['transactions', 'show', place.transactionId, ...at(place)] },
  stats: { argv: (place) => ['stats', ...at(place)] },
  ...Object.fromEntries(
    ['disable', 'enable', 'reset'].map((act) => [`tokens ${act}`, { argv: (place: Place) => ['tokens', act, place.serial, ...at(place)] }]),
  ),
  'tokens address add': {
    argv: (place) => ['tokens', 'address', 'add', place.serial, '--kind', 'gda', '--value', 'C0FFEE', ...at(place)],
    learn: ({ id }) => ({ addressId: String(id) }),
  },
  'tokens address list': { argv: (place) => ['tokens', 'address', 'list', place.serial, ...at(place)] },
  'tokens address remove': { argv: (place) => ['tokens', 'address', 'remove', place.serial, place.addressId, ...at(place)] },
  'providers list': { argv: (place) => ['providers', 'list', ...at(place)] },
  'providers check': { argv: (place) => ['providers', 'check', ...at(place)] },
  'providers reset': { argv: (place) => ['providers', 'reset', 'poll', ...at(place)] },
  'providers send-test': { argv: (place) => ['providers', 'send-test', 'poll', '--serial', place.serial, ...at(place)] },
  'outbox list': { argv: (place) => ['outbox', 'list', ...at(place)] },
  'outbox replay': { argv: (place) => ['outbox', 'replay', '--target', 'hook:none', ...at(place)] },
  'outbox drop': { argv: (place) => ['outbox', 'drop', '--target', 'hook:none', ...at(place)] },
  'limits list': { argv: (place) => ['limits', 'list', ...at(place)] },
  'limits clear': { argv: (place) => ['limits', 'clear', place.serial, ...at(place)] },
  'people list': {
    before: (place) => ['tokens', 'init', '--user', 'Alice', ...at(place)],
    argv: (place) => ['people', 'list', ...at(place)],
  },
  'people merge': { argv: (place) => ['people', 'merge', 'Alice', 'alice', ...at(place)] },
  'people split': { argv: (place) => ['people', 'split', 'Alice', place.serial, ...at(place)] },
  'policy explain': { argv: (place) => ['policy', 'explain', '--user', 'alice', ...at(place)] },
  'accounts set': { argv: (place) => ['accounts', 'set', 'helpdesk', ...at(place)] },
  'accounts login': { argv: (place) => ['accounts', 'login', 'admin', '--password-file', join(place.folder, 'password'), ...at(place)] },
  'accounts logout': { argv: (place) => ['accounts', 'logout', ...at(place)] },
  'accounts list': { argv: (place) => ['accounts', 'list', ...at(place)] },
  ...Object.fromEntries(
    ['disable', 'enable', 'remove'].map((act) => [
      `accounts ${act}`,
      { argv: (place: Place) => ['accounts', act, 'helpdesk', ...at(place)] },
    ]),
  ),
  'audit list': {
    argv: (place) => ['audit', 'list', '--limit', '1', ...at(place)],
    learn: ({ entries }) => ({ entryId: String(records(entries)[0]?.id) }),
  },
  'audit show': { argv: (place) => ['audit', 'show', place.entryId, ...at(place)] },
  'audit verify': { argv: (place) => ['audit', 'verify', ...at(place)] },
  'audit erase': { argv: (place) => ['audit', 'erase', 'mallory', '--yes', ...at(place)] },
  'api-key make': { argv: () => ['api-key', 'make'] },
  'callers api-key': { argv: (place) => ['callers', 'api-key', 'keycloak', '--auth-server', 'local', ...at(place)] },
  'log-name': { argv: (place) => ['log-name', 'alice', ...at(place)] },
  'config init': {
    argv: ({ folder }) => ['config', 'init', join(folder, 'first.json'), '--keyring', join(folder, 'first-keyring.json'), '--yes'],
  },
  'config reference': { argv: () => ['config', 'reference', 'settings.lockout'] },
  'check-config': { argv: ({ file }) => ['check-config', file] },
  doctor: { argv: (place) => ['doctor', ...at(place)] },
  'keyring list': { argv: (place) => ['keyring', 'list', ...at(place)] },
  'keyring verify': { argv: (place) => ['keyring', 'verify', ...at(place)] },
  'keyring reseal': { argv: (place) => ['keyring', 'reseal', ...at(place)] },
  'keyring create': { argv: ({ folder }) => ['keyring', 'create', join(folder, 'new.json')] },
  'keyring rotate': { argv: ({ folder }) => ['keyring', 'rotate', '--file', join(folder, 'new.json')] },
  certs: { argv: ({ folder }) => ['certs', '--out', join(folder, 'certs')] },
  'certs ca': { argv: ({ folder }) => ['certs', 'ca', '--out', join(folder, 'certs'), '--force'] },
  'certs server': { argv: ({ folder }) => ['certs', 'server', '--out', join(folder, 'certs'), '--force'] },
  'certs client': { argv: ({ folder }) => ['certs', 'client', '--p12', '--out', join(folder, 'certs'), '--force'] },
  'tokens delete': { argv: (place) => ['tokens', 'delete', place.serial, ...at(place)] },
  'phone remove': { argv: ({ phone, serial }) => ['phone', 'remove', serial, '--phone', phone] },
};

describe('--json of the commands', function () {
  this.timeout(120_000);
  const undo = cleanup();
  after(() => undo.run());

  /** Every command that does something by itself, by its path. */
  const leaves = async (): Promise<Map<string, CommandNode>> => {
    const nodes = [...everyNode(commandTree(await wholeProgram(silentTerminal)))];
    const acting = nodes.filter(({ path, children, json }) => path !== '' && (children.length === 0 || json !== undefined));
    return new Map(acting.map((node) => [node.path, node]));
  };

  it('is there on everything that prints data', async () => {
    const silent = [...(await leaves()).values()].filter(({ json }) => json === undefined).map(({ path }) => path);
    assert.deepEqual(silent.sort(), Object.keys(withoutJson).sort());
  });

  it('is tried here for every command that has it, but for the copy of a store, which wants a gateway that is stopped', async () => {
    const having = [...(await leaves()).values()].filter(({ json }) => json !== undefined).map(({ path }) => path);
    assert.deepEqual(having.sort(), [...Object.keys(rows), 'store copy'].sort());
  });

  describe('at a gateway that runs', () => {
    let place: Place;
    before(async () => {
      const folder = temporaryFolder(undo);
      const [file, port] = [join(folder, 'config.json'), await freePort()];
      const actions = { push_firebase_configuration: 'poll only', push_registration_url: `http://127.0.0.1:${port}/ttype/push` };
      const providers = [{ name: 'poll', kind: 'poll-only', default: true, config: {} }];
      writeFileSync(
        file,
        configText({ policies: [{ name: 'here', scope: 'enrollment', actions }], more: { providers } }, `127.0.0.1:${port}`),
      );
      const loaded = await loadConfig(file, {});
      assert.ok(loaded.ok, JSON.stringify(loaded));
      const gateway = await startGateway({ ...loaded.value, environment: {}, clock: Date.now, log: openLog('silent') });
      undo.later(() => gateway.close());
      place = { folder, file, phone: join(folder, 'phone.json'), serial: '', uri: '', addressId: '', entryId: '', transactionId: '' };
      writeFileSync(join(folder, 'password'), gateway.firstPassword ?? '');
      writeFileSync(join(folder, 'pin'), '1234\n');
    });

    for (const [path, { argv, before: first, learn }] of Object.entries(rows)) {
      it(`is one document of its schema: ${path}`, async () => {
        if (first) await runCli(first(place));
        const { code, out, err } = await runCli([...argv(place), '--json']);
        assert.ok(code === 0 || path === 'doctor', err);
        const schema = (await leaves()).get(path)?.json;
        assert.ok(schema);
        const printed = parseJson(out);
        assert.deepEqual(schema.parse(printed), printed, `${out}${err}`);
        place = { ...place, ...learn?.(record(printed)) };
      });
    }
  });
});
