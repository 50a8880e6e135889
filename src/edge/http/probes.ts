import type { Context } from 'koa';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { Checked, Readiness } from './readiness.ts';
import type { Route, RoutePattern } from './route.ts';

/** How one provider fares: its name and its breaker. */
export type ProviderHealth = { name: string; circuit: 'closed' | 'open' | 'half-open' };

/** How one source of users fares, in a sentence for operators. */
export type UserSourceHealth = { name: string; ok: boolean; detail: string };

/** The routes of an `ops` mount. */
export const opsPatterns: readonly RoutePattern[] = [
  { methods: ['GET'], path: '/livez' },
  { methods: ['GET'], path: '/readyz' },
  { methods: ['GET'], path: '/healthz' },
  { methods: ['GET'], path: '/metrics' },
];

/** What the probes of one mount are made of. `isOwn`: nothing else is on its listener, so texts and names are for operators alone. */
export type ProbeParts = {
  metrics: Metrics;
  readiness: Readiness;
  providers: () => readonly ProviderHealth[];
  userSources: () => Promise<readonly UserSourceHealth[]>;
  draining: { now: boolean };
  isOwn: boolean;
};

/**
 * Liveness, readiness, health and metrics. Readiness is that of this gateway alone (503 while draining or when a check fails); health adds
 * the providers, of which an outage takes no gateway out of service, and shows operators how the sources of users fare.
 */
export function opsRoutes({ metrics, readiness, providers, userSources, draining, isOwn }: ProbeParts): Route[] {
  const answer = (ctx: Context, word: 'ready' | 'healthy', checks: readonly Checked[], more = {}): void => {
    const isFine = !draining.now && checks.every(({ ok }) => ok);
    ctx.status = isFine ? 200 : 503;
    const shown = isOwn ? { checks, ...more } : { checks: checks.map(({ name, ok }) => ({ name, ok })) };
    ctx.body = { [word]: isFine, draining: draining.now, ...shown };
  };
  const handlers: Record<string, Route['handle']> = {
    '/livez': (ctx) => {
      ctx.body = { alive: true };
    },
    '/readyz': async (ctx) => answer(ctx, 'ready', await readiness()),
    '/healthz': async (ctx) => {
      const checks = await readiness();
      const fare = providers().map(({ name, circuit }) => ({ name, circuit }));
      // Nobody but an operator is told of them, so nobody else makes us ask them.
      const sources = isOwn ? await userSources() : [];
      answer(ctx, 'healthy', [...checks, providersCheck(fare)], { providers: fare, userSources: sources });
    },
    '/metrics': async (ctx) => {
      ctx.body = await metrics.text();
      ctx.type = metrics.registry.contentType;
    },
  };
  return opsPatterns.flatMap((pattern) => {
    const handle = handlers[pattern.path];
    return handle ? [{ ...pattern, handle }] : [];
  });
}

/** Ill only while every provider is left alone; without any, phones poll. */
function providersCheck(providers: readonly ProviderHealth[]): Checked {
  const ok = providers.length === 0 || providers.some(({ circuit }) => circuit !== 'open');
  return ok ? { name: 'providers', ok } : { name: 'providers', ok, detail: 'every provider fails and is left alone for now' };
}
