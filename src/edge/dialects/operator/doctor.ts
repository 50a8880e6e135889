import type { Context } from 'koa';
import { GatewayFault } from '../../../foundation/model/index.ts';
import { isLoopback } from '../../../foundation/wire/networks.ts';
import { manyLogins, type Seen } from '../../http/index.ts';
import { type OperatorParts, operatorOf } from './parts.ts';

/** The result of one check: its subject `what`, and a sentence with a remedy unless all is fine. */
export type Finding = { level: 'fine' | 'warning' | 'failed'; what: string; detail: string };

/**
 * `GET /ops/doctor`: checks that only the running gateway can do: store, clock, keyring, breakers, and client
 * addresses.
 */
export async function examine(parts: OperatorParts, ctx: Context): Promise<void> {
  await operatorOf(parts, ctx);
  const [working, keyring] = [await checkWork(parts), await checkKeyring(parts)];
  const addresses = parts.health.seen().flatMap((seen) => [...unreadableProxies(seen), ...loginsByOne(seen)]);
  const noted: Finding = { level: 'fine', what: 'addresses', detail: 'no sign of a proxy that is missing in trustedProxies' };
  ctx.body = {
    findings: [...working, ...keyring, ...breakers(parts), ...(await outbox(parts)), ...(addresses.length > 0 ? addresses : [noted])],
  };
}

async function checkWork({ health }: OperatorParts): Promise<Finding[]> {
  const checked = await health.readiness();
  const found = checked.map(({ name, ok, detail }): Finding => {
    if (ok)
      return { level: 'fine', what: name, detail: name === 'clock' ? "less than two seconds apart from the store's" : 'takes a write' };
    return { level: 'failed', what: name, detail: detail ?? 'does not work; the log says why' };
  });
  const hasClock = checked.some(({ name, ok }) => name === 'clock' || !ok);
  return hasClock ? found : [...found, { level: 'fine', what: 'clock', detail: 'the store goes by the clock of this machine' }];
}

async function checkKeyring({ health }: OperatorParts): Promise<Finding[]> {
  const what = 'keyring';
  try {
    return (await health.isStoreOurs())
      ? [{ level: 'fine', what, detail: 'the store belongs to it' }]
      : [{ level: 'failed', what, detail: 'the store belongs to another one; stop this gateway, and give it the keyring of the others' }];
  } catch (error) {
    if (!(error instanceof GatewayFault)) throw error;
    // Another finding reports that the store is unreachable.
    return error.code === 'store-unavailable' ? [] : [{ level: 'failed', what, detail: error.message }];
  }
}

function breakers({ engine }: OperatorParts): Finding[] {
  const open = engine.providers.status().filter(({ circuit }) => circuit === 'open');
  if (open.length === 0) return [{ level: 'fine', what: 'breakers', detail: 'all are closed' }];
  return open.map(({ name, lastError }) => ({
    level: 'warning',
    what: `breaker of ${name}`,
    detail: `it is open after too many failures (${lastError?.reason ?? 'no reason known'}); check with: npx pushgate providers check ${name}`,
  }));
}

const longWaitMs = 15 * 60_000;

/** Dead messages, and targets that have taken nothing for a quarter of an hour. */
async function outbox({ engine }: OperatorParts): Promise<Finding[]> {
  const tallies = await engine.outbox.tally().catch((error: unknown) => {
    // Another finding reports that the store is unreachable.
    if (error instanceof GatewayFault && error.code === 'store-unavailable') return [];
    throw error;
  });
  const troubled = tallies.filter(({ state, oldest }) => state === 'dead' || engine.clock() - oldest > longWaitMs);
  if (troubled.length === 0) return [{ level: 'fine', what: 'outbox', detail: 'no message was given up or waits for long' }];
  return troubled.map(({ target, state, count, oldest }) => ({
    level: 'warning',
    what: `outbox to ${target}`,
    detail:
      state === 'dead'
        ? `${count} messages were given up; see npx pushgate outbox list --state dead --target ${target}`
        : `${count} messages wait, since ${new Date(oldest).toISOString()}; see npx pushgate outbox list --target ${target}`,
  }));
}

function unreadableProxies({ listener, unreadable: { count, last } }: Seen): Finding[] {
  if (!last) return [];
  const { proxy, text, at } = last;
  const told = `${count} requests belong to no known client and no known network: the trusted proxy ${proxy} named its client as ${JSON.stringify(text)}, which is not a readable address`;
  return [
    {
      level: 'warning',
      what: `listener ${listener}`,
      detail: `${told} (last at ${new Date(at).toISOString()}); have the proxy send addresses, separated by commas, in the header that forwardedHeader of the listener names`,
    },
  ];
}

function loginsByOne({ listener, logins: { count, only, forwarded, forwarder } }: Seen): Finding[] {
  const what = `listener ${listener}`;
  if (forwarder !== undefined) {
    const told = `${forwarded} of ${count} login calls had an X-Forwarded-For that was ignored, because ${forwarder} is not in trustedProxies`;
    return [{ level: 'warning', what, detail: `${told}; add it if it is your proxy` }];
  }
  if (only === undefined || count < manyLogins || isLoopback(only)) return [];
  const told = `all ${count} login calls came from ${only}`;
  return [
    {
      level: 'warning',
      what,
      detail: `${told}; if that is a proxy, add it to trustedProxies and have it send X-Forwarded-For; if it is your only auth server, have it send the address of the user (OverrideAuthorizationClient, push_client_attributes): otherwise no client is known, and wrong PINs of one client make all logins of a user quiet`,
    },
  ];
}
