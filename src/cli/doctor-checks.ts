import type { LoadedConfig } from '../config/index.ts';
import { openRegistry, type Registry } from '../delivery/registry/index.ts';
import { openDirectory } from '../engine/users/index.ts';
import { parseJson, record, records, version } from '../foundation/model/index.ts';
import { openLog, openMetrics } from '../foundation/telemetry/index.ts';
import { type Http, openHttp } from '../foundation/wire/index.ts';
import { mountUrl } from './admin-token.ts';
import { namesakeLines } from './commands/people.ts';
import { withOpsClient } from './ops-client.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

/** What one look found: `what` was looked at, and a sentence. */
export type Finding = { level: 'fine' | 'warning' | 'failed'; what: string; detail: string };

const limitMs = 10_000;
const soonMs = 30 * 24 * 60 * 60_000;

/** The running gateway: whether it answers, its store, clock and providers included. */
export async function checkGateway(loaded: LoadedConfig): Promise<Finding[]> {
  if (!loaded.config.listeners.some(({ mounts }) => mounts.some(({ serves }) => serves === 'ops')))
    return [{ level: 'warning', what: 'gateway', detail: 'no mount serves ops, so it cannot be asked how it fares' }];
  const url = mountUrl(loaded, 'ops');
  const reply = await withHttp((http) => http.request({ method: 'GET', url: `${url}/healthz`, signal: AbortSignal.timeout(limitMs) }));
  if (!reply.ok)
    return [{ level: 'warning', what: 'gateway', detail: `does not answer at ${url} (${reply.error}); start it with: npx pushgate serve` }];
  return records(record(parseJson(reply.value.body)).checks).map(({ name, ok, detail }) => ({
    level: ok === true ? 'fine' : 'failed',
    what: `gateway, ${String(name)}`,
    detail: ok === true ? 'works' : typeof detail === 'string' ? detail : 'does not work; the log of the gateway says why',
  }));
}

/** Names that mean other users than they did before users were told apart by case; nothing where the gateway cannot be asked, which was said before. */
export async function checkPeople(loaded: LoadedConfig, terminal: Terminal): Promise<Finding[]> {
  try {
    const lines: string[] = [];
    await withOpsClient(Promise.resolve(loaded), terminal, async (client) => {
      lines.push(...namesakeLines(await client.call('GET', '/ops/people')));
    });
    return lines.map((line) => ({ level: 'warning', what: 'people', detail: `${line}; see docs/users.md, Names` }));
  } catch (error) {
    if (error instanceof CommandFailed) return [];
    throw error;
  }
}

/** Every provider of the configuration, opened here: its credentials proved end to end, and when they end. */
export async function checkProviders({ config, catalog, folder }: LoadedConfig): Promise<Finding[]> {
  const surroundings = { catalog, folder, clock: Date.now, log: openLog('silent'), metrics: openMetrics(version) };
  const registry = await openRegistry({ ...surroundings, providers: config.providers, mayFail: () => true });
  try {
    const checked = await Promise.all(registry.status().map(({ name }) => checkProvider(registry, name)));
    return [...checked, ...expiries(registry)];
  } finally {
    await registry.close();
  }
}

async function checkProvider(registry: Registry, name: string): Promise<Finding> {
  const what = `provider ${name}`;
  const result = await registry.check(name, AbortSignal.timeout(limitMs));
  if (result?.ok) return { level: 'fine', what, detail: result.detail ?? 'its credentials work' };
  return { level: 'failed', what, detail: result?.problem ?? 'is not there' };
}

function expiries(registry: Registry): Finding[] {
  return registry.status().flatMap(({ name, expires }) =>
    expires.map(({ kind, what, at }): Finding => {
      const leftMs = at - Date.now();
      const level = leftMs <= 0 ? 'failed' : leftMs < soonMs ? 'warning' : 'fine';
      return { level, what: `provider ${name}, ${kind}`, detail: `${what} ends on ${new Date(at).toISOString()}` };
    }),
  );
}

/** Every source of users, opened here: whether it can be asked. */
export async function checkUserSources({ config, folder }: LoadedConfig): Promise<Finding[]> {
  const directory = openDirectory({ realms: [], sources: config.userSources, folder, clock: Date.now, log: openLog('silent') });
  try {
    const checked = await directory.check(AbortSignal.timeout(limitMs));
    return checked.map(({ name, result }) => {
      const what = `user source ${name}`;
      return result.ok ? { level: 'fine', what, detail: result.detail } : { level: 'failed', what, detail: result.problem };
    });
  } finally {
    await directory.close();
  }
}

/** Where phones answer, as the rules say it; that it is in normal form was checked with the configuration. */
export async function checkRegistrationUrls({ config }: LoadedConfig): Promise<Finding[]> {
  const urls = new Set(config.policies.flatMap(({ actions }) => actions.push_registration_url ?? []));
  return withHttp((http) =>
    Promise.all(
      [...urls].map(async (url): Promise<Finding> => {
        const reply = await http.request({ method: 'GET', url, signal: AbortSignal.timeout(limitMs) });
        return reply.ok
          ? { level: 'fine', what: `registration URL ${url}`, detail: 'in normal form, and something answers there' }
          : { level: 'failed', what: `registration URL ${url}`, detail: `cannot be reached from here (${reply.error})` };
      }),
    ),
  );
}

async function withHttp<T>(work: (http: Http) => Promise<T>): Promise<T> {
  const http = openHttp({});
  try {
    return await work(http);
  } finally {
    await http.close();
  }
}
