import type { Context } from 'koa';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { Checked, Readiness } from './readiness.ts';
import type { GuardedPattern, Route } from './route.ts';

/** The health of one provider: its name and breaker state. */
export type ProviderHealth = { name: string; circuit: 'closed' | 'open' | 'half-open' };

/** The health of one source of users, with a sentence for operators. */
export type UserSourceHealth = { name: string; ok: boolean; detail: string };

/** The routes of an `ops` mount. */
export const opsPatterns: readonly GuardedPattern[] = [
  { methods: ['GET'], path: '/livez', needs: 'public' },
  { methods: ['GET'], path: '/readyz', needs: 'public' },
  { methods: ['GET'], path: '/healthz', needs: 'public' },
  { methods: ['GET'], path: '/metrics', needs: 'public' },
];

/**
 * The parts of one mount's probes. `isOwn`: its listener serves nothing else, so details are visible to operators only.
 */
export type ProbeParts = {
  metrics: Metrics;
  readiness: Readiness;
  providers: () => readonly ProviderHealth[];
  userSources: () => Promise<readonly UserSourceHealth[]>;
  draining: { now: boolean };
  isOwn: boolean;
};

/**
 * Liveness, readiness, health and metrics. Readiness concerns this gateway alone (503 while draining or when a check
 * fails). Health adds the providers, whose outage takes no gateway out of service, and for operators the sources of
 * users.
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
      const circuits = providers().map(({ name, circuit }) => ({ name, circuit }));
      // Only operators see the sources, so only their probes query them.
      const sources = isOwn ? await userSources() : [];
      answer(ctx, 'healthy', [...checks, providersCheck(circuits)], { providers: circuits, userSources: sources });
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

/** Unhealthy only while every provider's breaker is open; without providers, phones poll. */
function providersCheck(providers: readonly ProviderHealth[]): Checked {
  const ok = providers.length === 0 || providers.some(({ circuit }) => circuit !== 'open');
  return ok ? { name: 'providers', ok } : { name: 'providers', ok, detail: 'every provider fails; all breakers are open' };
}
