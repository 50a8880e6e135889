import type { LoadedConfig } from '../config/index.ts';
import { openRegistry, type Registry } from '../delivery/registry/index.ts';
import { checkKeycloak } from '../edge/dialects/keycloak-ciba/index.ts';
import type { Finding } from '../edge/dialects/operator/index.ts';
import { openDirectory, type SourceCheck } from '../engine/users/index.ts';
import { GatewayFault, parseJson, record, records, version } from '../foundation/model/index.ts';
import type { Expiry } from '../foundation/settings/index.ts';
import { openLog, openMetrics } from '../foundation/telemetry/index.ts';
import { type Http, openHttp } from '../foundation/wire/index.ts';
import { endingSoonMs } from '../gateway/ending-credentials.ts';
import { mountUrl, servesOps } from './admin-token.ts';
import { namesakeLines } from './commands/people.ts';
import { type GatewayAddress, localGateway } from './gateway-address.ts';
import { NoAnswer, withOpsClient } from './ops-client.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

const limitMs = 10_000;

/** Asks the running gateway whether it answers, and for the state of its store, clock, keyring and client addresses. */
export async function checkGateway(loaded: LoadedConfig, terminal: Terminal): Promise<Finding[]> {
  if (!servesOps(loaded))
    return [{ level: 'warning', what: 'gateway', detail: 'no mount serves ops, so it cannot be asked how it fares; add one' }];
  try {
    return await askGateway(localGateway(loaded, terminal));
  } catch (error) {
    if (!(error instanceof CommandFailed || error instanceof GatewayFault)) throw error;
    const probed = error instanceof NoAnswer ? undefined : await probe(loaded);
    const silent = `does not answer at ${mountUrl(loaded, 'ops')}; start it with: npx pushgate serve`;
    if (!probed) return [{ level: 'warning', what: 'gateway', detail: silent }];
    return [{ level: 'warning', what: 'gateway', detail: `tells less than it knows: ${error.message}` }, ...probed];
  }
}

/** A gateway's findings about itself, here or on another machine. Throws `CommandFailed` if it cannot be asked. */
export const askGateway = (address: GatewayAddress): Promise<Finding[]> =>
  withOpsClient(address, async (client) => {
    const { findings } = await client.call('GET', '/ops/doctor');
    return records(findings).map(({ level, what, detail }) => ({
      level: levelOf(level),
      what: `gateway, ${String(what)}`,
      detail: String(detail),
    }));
  });

const levelOf = (level: unknown): Finding['level'] => (level === 'fine' || level === 'warning' ? level : 'failed');

/** The public findings of the gateway; undefined if it does not answer. */
async function probe(loaded: LoadedConfig): Promise<Finding[] | undefined> {
  const url = `${mountUrl(loaded, 'ops')}/healthz`;
  const reply = await withHttp((http) => http.request({ method: 'GET', url, signal: AbortSignal.timeout(limitMs) }));
  if (!reply.ok) return undefined;
  return records(record(parseJson(reply.value.body)).checks).map(({ name, ok, detail }) => ({
    level: ok === true ? 'fine' : 'failed',
    what: `gateway, ${String(name)}`,
    detail: ok === true ? 'works' : typeof detail === 'string' ? detail : 'does not work; the log of the gateway says why',
  }));
}

/**
 * Names that meant another user before names were case-sensitive. Empty if the gateway cannot be asked, which another
 * check reports.
 */
export async function checkPeople(address: GatewayAddress): Promise<Finding[]> {
  try {
    const lines = await withOpsClient(address, async (client) => namesakeLines(await client.call('GET', '/ops/people')));
    return lines.map((line) => ({ level: 'warning', what: 'people', detail: `${line}; see docs/users.md, Names` }));
  } catch (error) {
    if (error instanceof CommandFailed) return [];
    throw error;
  }
}

/** Opens every provider of the configuration here, proves its credentials end to end, and reports their expiry. */
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

const expiries = (registry: Registry): Finding[] =>
  registry.status().flatMap(({ name, expires }) => expires.map((expiry) => ending(`provider ${name}, ${expiry.kind}`, expiry)));

/**
 * The finding about the expiry of a certificate or key. An expired certificate that is only part of a chain is no
 * failure.
 */
export function ending(subject: string, { what, at, inChain }: Pick<Expiry, 'what' | 'at' | 'inChain'>): Finding {
  const leftMs = at - Date.now();
  const date = new Date(at).toISOString();
  if (leftMs <= 0 && inChain) return { level: 'warning', what: subject, detail: `${what} ended on ${date}; take it out of the chain` };
  if (leftMs <= 0) return { level: 'failed', what: subject, detail: `${what} ended on ${date}; put a new one in its place` };
  if (leftMs < endingSoonMs) return { level: 'warning', what: subject, detail: `${what} ends on ${date}; get a new one before that` };
  return { level: 'fine', what: subject, detail: `${what} ends on ${date}` };
}

/** Opens every user source here and checks that it answers. */
export async function checkUserSources({ config, folder }: LoadedConfig): Promise<Finding[]> {
  const directory = openDirectory({ realms: [], sources: config.userSources, folder, clock: Date.now, log: openLog('silent') });
  try {
    const checked = await directory.check(AbortSignal.timeout(limitMs));
    return checked.map(({ name, result }) => sourceFinding(`user source ${name}`, result));
  } finally {
    await directory.close();
  }
}

function sourceFinding(what: string, result: SourceCheck): Finding {
  const text = result.ok ? result.detail : result.problem;
  if (result.ok && !result.isPartial) return { level: 'fine', what, detail: text };
  const advice = /: (connection|timeout)/.test(text) ? 'see that the servers run and can be reached from here' : 'see docs/users.md';
  return { level: result.ok ? 'warning' : 'failed', what, detail: `${text}; ${advice}` };
}

/** Looks whether every realm of Keycloak has usable keys and takes callbacks. Sends no result. */
export async function checkKeycloaks({ config, folder }: LoadedConfig): Promise<Finding[]> {
  const all = config.keycloaks.map(async (keycloak) => {
    const findings = await checkKeycloak(keycloak, { folder, signal: AbortSignal.timeout(limitMs) });
    return findings.map(({ what, ...rest }) => ({ ...rest, what: `keycloak ${keycloak.name}, ${what}` }));
  });
  return (await Promise.all(all)).flat();
}

/** The registration URLs that the rules set. The configuration check has checked their form. */
export async function checkRegistrationUrls({ config }: LoadedConfig): Promise<Finding[]> {
  const urls = new Set(config.policies.flatMap(({ actions }) => actions.push_registration_url ?? []));
  return withHttp((http) =>
    Promise.all(
      [...urls].map(async (url): Promise<Finding> => {
        const reply = await http.request({ method: 'GET', url, signal: AbortSignal.timeout(limitMs) });
        return reply.ok
          ? { level: 'fine', what: `registration URL ${url}`, detail: 'in normal form, and something answers there' }
          : {
              level: 'failed',
              what: `registration URL ${url}`,
              detail: `cannot be reached from here (${reply.error}); phones answer there, so see that they reach it, or correct push_registration_url`,
            };
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
