import { type Aggregator, Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What the gateway counts. Names and labels: docs/protocols/delivery.md 3. */
export type Metrics = ReturnType<typeof openMetrics>;

/** All metrics of one process at one moment. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

const humanSeconds = [1, 2, 5, 10, 20, 30, 60, 120, 300];
const pushSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];

/**
 * Opens a registry of its own, so that two gateways in one process never share a counter.
 * @param version of the product, for `pushgate_build_info`
 */
export function openMetrics(version: string) {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const collectors: (() => void)[] = [];
  const collect = (): void => {
    for (const each of collectors) each();
  };
  // What several workers show of it together is their sum, unless it says another `aggregator`.
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = [], aggregator: Aggregator = 'sum') =>
    new Gauge({ name, help, labelNames, registers, aggregator });
  gauge('pushgate_build_info', 'The version that runs; always 1.', ['version'], 'first').set({ version }, 1);
  return {
    registry,
    /** Runs before every collection, for gauges that show a present state. */
    onCollect: (collector: () => void) => void collectors.push(collector),
    /** What Prometheus is answered with. */
    async text() {
      collect();
      return registry.metrics();
    },
    /** The same as data, for a process that adds up several gateways. */
    async snapshot() {
      collect();
      return registry.getMetricsAsJSON();
    },
    providers: {
      circuitState: gauge('pushgate_provider_circuit_state', 'Breaker of a provider: 0 closed, 1 half open, 2 open.', ['provider'], 'max'),
      inFlight: gauge('pushgate_provider_inflight', 'Pushes under way.', ['provider']),
      queueLength: gauge('pushgate_provider_queue_length', 'Pushes that wait for a place.', ['provider']),
      credentialExpiry: gauge('pushgate_credential_expiry_timestamp_seconds', 'When a credential ends.', ['provider', 'kind'], 'min'),
    },
    listenerExpiry: gauge(
      'pushgate_listener_certificate_expiry_timestamp_seconds',
      'When the certificate of a listener ends.',
      ['listener'],
      'min',
    ),
    waiters: gauge('pushgate_result_waiters', 'Requests that wait for an answer.', ['kind']),
    queueWaitSeconds: new Histogram({
      name: 'pushgate_provider_queue_wait_seconds',
      help: 'Time that pushes waited for a place.',
      labelNames: ['provider'] as const,
      buckets: pushSeconds,
      registers,
    }),
    pushFailovers: new Counter({
      name: 'pushgate_push_failovers_total',
      help: 'Pushes that went on to another step, by why the one before did not do.',
      labelNames: ['from', 'to', 'reason'] as const,
      registers,
    }),
    deviceAddressesInvalid: new Counter({
      name: 'pushgate_device_tokens_invalid_total',
      help: 'Device addresses that a provider called dead.',
      labelNames: ['provider', 'reason'] as const,
      registers,
    }),
    configReloads: new Counter({
      name: 'pushgate_config_reloads_total',
      help: 'Reloads of the configuration, by outcome.',
      labelNames: ['outcome'] as const,
      registers,
    }),
    // Of several workers the one that is furthest behind shows.
    configReloadedAt: gauge(
      'pushgate_config_last_reload_success_timestamp_seconds',
      'When the configuration in use was loaded.',
      [],
      'min',
    ),
    challenges: new Counter({
      name: 'pushgate_challenges_total',
      help: 'Transactions that ended, by how.',
      labelNames: ['auth_server', 'mode', 'result'] as const,
      registers,
    }),
    relays: new Counter({
      name: 'pushgate_relays_total',
      help: 'Challenges that auth servers had relayed to phones of their own, by what came of it; repeats count too.',
      labelNames: ['auth_server', 'result'] as const,
      registers,
    }),
    answerSeconds: new Histogram({
      name: 'pushgate_challenge_answer_seconds',
      help: 'Time from issue to the answer of a phone.',
      labelNames: ['mode', 'result'] as const,
      buckets: humanSeconds,
      registers,
    }),
    pushAttempts: new Counter({
      name: 'pushgate_push_attempts_total',
      help: 'Pushes handed to a provider, by outcome.',
      labelNames: ['provider', 'outcome'] as const,
      registers,
    }),
    pushSeconds: new Histogram({
      name: 'pushgate_push_duration_seconds',
      help: 'Time one provider took for one push.',
      labelNames: ['provider', 'outcome'] as const,
      buckets: pushSeconds,
      registers,
    }),
    policyDecisions: new Counter({
      name: 'pushgate_policy_decisions_total',
      help: 'Delivery plans made, by rule and first provider.',
      labelNames: ['policy', 'provider'] as const,
      registers,
    }),
    limitRejections: new Counter({
      name: 'pushgate_ratelimit_rejections_total',
      help: 'Requests refused because their source failed too often.',
      labelNames: ['scope'] as const,
      registers,
    }),
    storeSeconds: new Histogram({
      name: 'pushgate_store_operation_seconds',
      help: 'Time of one store operation.',
      labelNames: ['op', 'outcome'] as const,
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5],
      registers,
    }),
    requests: new Counter({
      name: 'pushgate_http_requests_total',
      help: 'HTTP requests answered.',
      labelNames: ['dialect', 'route', 'status'] as const,
      registers,
    }),
  };
}
