import type { Context } from 'koa';
import type { Metrics } from '../../foundation/telemetry/index.ts';
import type { Route, RoutePattern } from './route.ts';

/** One thing that must work for this gateway to be ready; `check` rejects when it does not. */
export type ReadinessCheck = { name: string; check: () => Promise<void> };

const limitMs = 2000;

/** The routes of an `ops` mount. */
export const opsPatterns: readonly RoutePattern[] = [
  { methods: ['GET'], path: '/livez' },
  { methods: ['GET'], path: '/readyz' },
  { methods: ['GET'], path: '/healthz' },
  { methods: ['GET'], path: '/metrics' },
];

/** Liveness, readiness (503 while draining or when a check fails) and metrics. */
export function opsRoutes({
  metrics,
  checks,
  draining,
}: {
  metrics: Metrics;
  checks: readonly ReadinessCheck[];
  draining: { now: boolean };
}): Route[] {
  const ready = async (ctx: Context): Promise<void> => {
    const results = await Promise.all(checks.map(run));
    const isReady = !draining.now && results.every(({ ok }) => ok);
    ctx.status = isReady ? 200 : 503;
    ctx.body = { ready: isReady, draining: draining.now, checks: results };
  };
  const handlers: Record<string, Route['handle']> = {
    '/livez': (ctx) => {
      ctx.body = { alive: true };
    },
    '/readyz': ready,
    '/healthz': ready,
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

async function run({ name, check }: ReadinessCheck): Promise<{ name: string; ok: boolean; detail?: string }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  });
  try {
    await Promise.race([check(), late]);
    return { name, ok: true };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}
