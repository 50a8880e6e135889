/**
 * `npm run contract [-- --seed 7 --examples 100 --seconds 120]`: calls every operation of a gateway's REST interface with
 * made-up requests, right and wrong ones, and checks the replies against its OpenAPI document with Schemathesis. With
 * CI=true: seed 1, 20 examples per operation, at most 60 seconds, and the checks of status, content type and body. Exits
 * with 1 when a check failed, and with 0 where Schemathesis cannot be had, unless CI=true.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openApiOf, restDescriptions } from '../../src/edge/dialects/rest/index.ts';
import { givenGateway } from '../kit/gateway.ts';
import { gatewayProcess } from '../kit/gateway-process.ts';
import { schemathesisEnvironment as env, haveSchemathesis } from '../kit/schemathesis.ts';
import { type Cleanup, cleanup } from '../kit/temporary.ts';

const isCi = process.env.CI === 'true';
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: isCi ? '1' : String(Date.now() % 1_000_000) },
    examples: { type: 'string', default: isCi ? '20' : '100' },
    seconds: { type: 'string', default: isCi ? '60' : '300' },
  },
});
const checks = isCi
  ? ['not_a_server_error', 'status_code_conformance', 'content_type_conformance', 'response_schema_conformance']
  : ['all'];

const key = 'contract-key-0123456789abcdef0123456789';
const rights = ['trigger', 'check', 'poll', 'deliver', 'tokens', 'providers', 'policies', 'limits', 'audit', 'erase'];

/** The address of a gateway in its own process: one auth server with all rights, and one enrolled phone, of alice. */
async function givenServer(undo: Cleanup): Promise<{ url: string; folder: string }> {
  const environment = { CONTRACT_KEY: key };
  const { folder, gateway, phoneOf } = await givenGateway(undo, {
    environment,
    // Wrong credentials are among the requests.
    settings: { sourceFailures: 10_000 },
    mounts: [
      { path: '/', serves: 'privacyidea' },
      { path: '/rest', serves: 'rest' },
    ],
    more: { authServers: [{ name: 'contract', mounts: ['/rest'], rights, apiKeys: [{ $env: 'CONTRACT_KEY' }] }] },
  });
  await phoneOf('alice');
  await gateway.close();
  const served = await gatewayProcess(join(folder, 'config.json'), environment);
  undo.later(() => served.end('SIGTERM'));
  const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(served.output().out) ?? [];
  if (url === undefined) throw new Error(`the gateway says no address: ${served.output().out}`);
  return { url: `${url}/rest`, folder };
}

/** A reply that is a stream never ends, so a request for one is none that can be made up. */
const streams = restDescriptions().filter(({ replies }) =>
  Object.values(replies).some(({ contentType }) => contentType?.includes('event-stream')),
);

/** No request waits for a phone. Rules that JSON Schema cannot say make some well-formed requests a 400 or 422. */
const settings = `[parameters]
"query.wait" = 0
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "3xx", 400, 401, 403, 404, 409, 422, 429, 503]
`;

async function runSchemathesis({ url, folder }: { url: string; folder: string }): Promise<number> {
  const config = join(folder, 'schemathesis.toml');
  writeFileSync(config, settings);
  const options = {
    '--header': `Authorization: Bearer ${key}`,
    '--checks': checks.join(','),
    '--seed': values.seed,
    '--max-examples': values.examples,
    '--max-time': values.seconds,
    '--request-timeout': '20',
    '--generation-database': 'none',
  };
  const excluded = streams.flatMap(({ id }) => ['--exclude-operation-id', id]);
  const args = ['-m', 'schemathesis.cli', '--config-file', config, 'run', `${url}/v1/openapi.json`];
  const run = spawn('python3', [...args, ...Object.entries(options).flat(), ...excluded, '--continue-on-failure', '--no-color'], {
    env,
    stdio: 'inherit',
    cwd: folder,
  });
  const [code] = await once(run, 'close');
  return Number(code ?? 1);
}

/** Whether the document keeps the rules of OpenAPI 3.1. */
function isValid(folder: string): boolean {
  const file = join(folder, 'openapi.json');
  writeFileSync(file, JSON.stringify(openApiOf(restDescriptions(), '/rest')));
  return spawnSync('python3', ['-m', 'openapi_spec_validator', file], { env, stdio: 'inherit' }).status === 0;
}

if (haveSchemathesis()) {
  const undo = cleanup();
  try {
    const server = await givenServer(undo);
    process.exitCode = isValid(server.folder) ? await runSchemathesis(server) : 1;
  } finally {
    await undo.run();
  }
}
