import { type Aggregator, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import {
  connectionRefusals,
  faultCodes,
  loginRefusals,
  muteReasons,
  outcomeKinds,
  rejectedReasons,
  shedReasons,
  sourceFailures,
  tlsRefusalReasons,
  unavailableReasons,
  undeliveredReasons,
} from '../model/index.ts';
import { zeroedCounter, zeroedHistogram } from './zeroed.ts';

/** The gateway's metrics. Names and labels: docs/protocols/delivery.md 3. */
export type Metrics = ReturnType<typeof openMetrics>;

/** All metrics of one process at one moment. */
export type MetricsSnapshot = Awaited<ReturnType<Registry['getMetricsAsJSON']>>;

const modes = ['confirm', 'presence', 'code'] as const;
const humanSeconds = [1, 2, 5, 10, 20, 30, 60, 120, 300];
const pushSeconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5];

/**
 * Opens a separate registry, so that two gateways in one process never share a counter.
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
  // The aggregate over several workers is the sum, unless a gauge sets another `aggregator`.
  const gauge = <L extends string>(name: string, help: string, labelNames: L[] = [], aggregator: Aggregator = 'sum') =>
    new Gauge({ name, help, labelNames, registers, aggregator });
  gauge('pushgate_build_info', 'The version that runs, as a label. The value is always 1.', ['version'], 'first').set({ version }, 1);
  return {
    registry,
    /** Runs before every collection, for gauges of the current state. */
    onCollect: (collector: () => void) => void collectors.push(collector),
    /** The reply to Prometheus. */
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
      circuitState: gauge(
        'pushgate_provider_circuit_state',
        'State of the breaker of a provider: 0 closed, 1 half open, 2 open.',
        ['provider'],
        'max',
      ),
      outOfUse: gauge(
        'pushgate_provider_out_of_use',
        '1 while a provider could not be opened and takes no push, else 0.',
        ['provider'],
        'max',
      ),
      inFlight: gauge('pushgate_provider_inflight', 'Pushes under way.', ['provider']),
      queueLength: gauge('pushgate_provider_queue_length', 'Pushes that wait because the provider has as many under way as it may.', [
        'provider',
      ]),
      urlState: gauge(
        'pushgate_provider_url_state',
        'State of one of several URLs of a provider: 0 in use, 1 standby, 2 failing.',
        ['provider', 'url'],
        'max',
      ),
      clockSkew: gauge(
        'pushgate_provider_clock_skew_seconds',
        "Seconds that our clock is ahead of a provider's, by the Date header of its last reply. Negative: behind.",
        ['provider'],
        'first',
      ),
      credentialExpiry: gauge(
        'pushgate_credential_expiry_timestamp_seconds',
        'When a credential of a provider expires, in seconds since 1970.',
        ['provider', 'kind'],
        'min',
      ),
    },
    userSources: {
      up: gauge('pushgate_user_source_up', '1 when a user source could be reached at the last try, else 0.', ['source', 'kind'], 'min'),
      seconds: zeroedHistogram(registry, {
        name: 'pushgate_user_source_seconds',
        help: 'Time of one request to a user source.',
        closed: { outcome: ['answered', 'unavailable'] },
        open: ['source', 'kind'],
        buckets: pushSeconds,
      }),
      failures: zeroedCounter(registry, {
        name: 'pushgate_user_source_failures_total',
        help: 'Failed tries of a server or file of a user source, by reason.',
        closed: { reason: sourceFailures },
        open: ['source', 'kind'],
      }),
    },
    listenerExpiry: gauge(
      'pushgate_listener_certificate_expiry_timestamp_seconds',
      'When the certificate of a listener expires, in seconds since 1970.',
      ['listener'],
      'min',
    ),
    tlsRefused: zeroedCounter(registry, {
      name: 'pushgate_tls_handshakes_refused_total',
      help: 'Failed TLS handshakes with clients, by reason.',
      closed: { reason: tlsRefusalReasons },
      open: ['listener'],
    }),
    connections: {
      open: gauge('pushgate_connections', 'Open connections of clients.'),
      most: gauge('pushgate_connections_limit', 'The highest number of open connections that the process accepts.'),
      halfSent: gauge('pushgate_half_sent_requests', 'Requests that are received in part.'),
      refused: zeroedCounter(registry, {
        name: 'pushgate_connections_refused_total',
        help: 'Connections closed because there were too many: of the process, of one network, or with half-received requests.',
        closed: { reason: connectionRefusals },
      }),
    },
    streams: {
      open: gauge('pushgate_event_streams', 'Open event streams of auth servers.'),
      most: gauge('pushgate_event_streams_limit', 'The highest number of open event streams that the process accepts.'),
      refused: zeroedCounter(registry, {
        name: 'pushgate_event_streams_refused_total',
        help: 'Event streams refused with 429 because too many were open: of the process, of the auth server or of its waiting pages.',
        closed: { reason: ['process', 'auth-server', 'waiting-page'] },
      }),
    },
    load: {
      waiting: gauge('pushgate_login_queue_length', 'Logins that wait for their turn.'),
      underWay: gauge('pushgate_requests_under_way', 'Requests under way, without those that wait for a phone.'),
      shed: zeroedCounter(registry, {
        name: 'pushgate_requests_shed_total',
        help: 'Requests refused with 503 because of overload, by reason.',
        closed: { reason: shedReasons },
        open: ['auth_server'],
      }),
    },
    waiters: gauge('pushgate_result_waiters', 'Requests that wait for the answer of a phone.', ['kind']),
    queueWaitSeconds: zeroedHistogram(registry, {
      name: 'pushgate_provider_queue_wait_seconds',
      help: 'Time that pushes waited for their turn at a provider.',
      closed: {},
      open: ['provider'],
      buckets: pushSeconds,
    }),
    pushFailovers: zeroedCounter(registry, {
      name: 'pushgate_push_failovers_total',
      help: 'Pushes that went on to another provider, by the reason why the one before failed.',
      closed: { reason: [...rejectedReasons, ...unavailableReasons] },
      open: ['from', 'to'],
    }),
    deviceAddressesInvalid: zeroedCounter(registry, {
      name: 'pushgate_device_tokens_invalid_total',
      help: 'Device addresses that a provider reported as dead.',
      closed: { reason: ['dead-address'] },
      open: ['provider'],
    }),
    configReloads: zeroedCounter(registry, {
      name: 'pushgate_config_reloads_total',
      help: 'Reloads of the configuration, by outcome.',
      closed: { outcome: ['reloaded', 'refused'] },
    }),
    // Of several workers, shows the one with the oldest configuration.
    configReloadedAt: gauge(
      'pushgate_config_last_reload_success_timestamp_seconds',
      'When the configuration in use was loaded, in seconds since 1970.',
      [],
      'min',
    ),
    challenges: zeroedCounter(registry, {
      name: 'pushgate_challenges_total',
      help: 'Transactions that ended, by their result.',
      closed: { mode: modes, result: ['accepted', 'declined', 'locked', 'withdrawn'] },
      open: ['auth_server'],
    }),
    loginsStarted: zeroedCounter(registry, {
      name: 'pushgate_logins_started_total',
      help: 'Logins for which a phone was asked.',
      closed: {},
      open: ['auth_server'],
    }),
    loginsRefused: zeroedCounter(registry, {
      name: 'pushgate_logins_refused_total',
      help: 'Logins that were refused, by reason.',
      closed: { reason: loginRefusals },
      open: ['auth_server'],
    }),
    loginsFinished: zeroedCounter(registry, {
      name: 'pushgate_logins_finished_total',
      help: 'Logins that an auth server finished after the phone had accepted.',
      closed: {},
      open: ['auth_server'],
    }),
    resultsUndelivered: zeroedCounter(registry, {
      name: 'pushgate_results_undelivered_total',
      help: 'Results of logins that were not delivered to their auth server for certain: unknown if it may have them, lost if not.',
      closed: { because: undeliveredReasons },
      open: ['auth_server'],
    }),
    fraudReports: zeroedCounter(registry, {
      name: 'pushgate_fraud_reports_total',
      help: 'Logins that their user reported as not theirs.',
      closed: {},
    }),
    challengesDisplaced: zeroedCounter(registry, {
      name: 'pushgate_challenges_displaced_total',
      help: 'Challenges that were withdrawn because their phone had too many to answer.',
      closed: {},
      open: ['auth_server'],
    }),
    bareDeclines: zeroedCounter(registry, {
      name: 'pushgate_bare_declines_total',
      help: 'Logins that a user declined without a reason.',
      closed: {},
    }),
    phonesMuted: zeroedCounter(registry, {
      name: 'pushgate_phones_muted_total',
      help: 'Times that a phone was muted for a while, by reason.',
      closed: { because: muteReasons },
    }),
    loginsQuiet: zeroedCounter(registry, {
      name: 'pushgate_logins_quiet_total',
      help: 'Times that logins went quiet for a while after too many wrong PINs, from one client or from all unknown clients of an auth server.',
      closed: {},
      open: ['auth_server'],
    }),
    pushesWithheld: zeroedCounter(registry, {
      name: 'pushgate_pushes_withheld_total',
      help: 'Logins whose phone did not ring because it is muted or the logins are quiet.',
      closed: {},
    }),
    administratorsRefused: zeroedCounter(registry, {
      name: 'pushgate_administrators_refused_total',
      help: 'Failed logins of administrators: wrong name or password.',
      closed: {},
    }),
    // All workers take from one stock; the one that saw the fewest shows.
    keyStockKeys: gauge('pushgate_key_stock_keys', 'Gateway keys in stock for rollouts, at the last count.', [], 'min'),
    clockSkew: gauge('pushgate_clock_skew_seconds', "Seconds that our clock is ahead of the store's. Negative: behind.", [], 'first'),
    keyStockEmpty: zeroedCounter(registry, {
      name: 'pushgate_key_stock_empty_total',
      help: 'Rollouts that waited because no gateway key was in stock.',
      closed: {},
    }),
    auditWait: gauge('pushgate_audit_oldest_seconds', 'How long the oldest unwritten event has waited for the audit.', [], 'max'),
    auditLost: zeroedCounter(registry, {
      name: 'pushgate_audit_lost_events_total',
      help: 'Events that the audit lacks because the store was unavailable for too long.',
      closed: {},
    }),
    outboxMessages: zeroedCounter(registry, {
      name: 'pushgate_outbox_attempts_total',
      help: 'Attempts to send a message of the outbox, by outcome. A dead message is not sent again.',
      closed: { outcome: ['sent', 'again', 'dead'] },
      open: ['target'],
    }),
    // Every gateway sees the same messages.
    outboxOldest: gauge(
      'pushgate_outbox_oldest_seconds',
      'How long the oldest message that is not sent has been in the outbox.',
      ['target'],
      'max',
    ),
    relays: zeroedCounter(registry, {
      name: 'pushgate_relays_total',
      help: 'Challenges that auth servers relayed to their own phones, by result. Repeats count too.',
      closed: { result: ['sent', 'queued', 'dead-address', 'failed', 'unknown-gda', 'conflict', 'limited'] },
      open: ['auth_server'],
    }),
    answerSeconds: zeroedHistogram(registry, {
      name: 'pushgate_challenge_answer_seconds',
      help: 'Time from the challenge to the answer of the phone.',
      closed: { mode: modes, result: ['accepted', 'declined', 'code-shown'] },
      buckets: humanSeconds,
    }),
    pushAttempts: zeroedCounter(registry, {
      name: 'pushgate_push_attempts_total',
      help: 'Pushes handed to a provider, by outcome and reason. The reason is empty for a push that was sent.',
      closed: {},
      open: ['provider', 'outcome', 'reason'],
    }),
    pushSeconds: zeroedHistogram(registry, {
      name: 'pushgate_push_duration_seconds',
      help: 'Time that one provider took for one push.',
      closed: { outcome: outcomeKinds },
      open: ['provider'],
      buckets: pushSeconds,
    }),
    policyDecisions: zeroedCounter(registry, {
      name: 'pushgate_policy_decisions_total',
      help: 'Delivery plans made, by policy and first provider.',
      closed: {},
      open: ['policy', 'provider'],
    }),
    limitRejections: zeroedCounter(registry, {
      name: 'pushgate_ratelimit_rejections_total',
      help: 'Requests refused because their source failed too often, by what it tried.',
      closed: { scope: ['rollout', 'pairing', 'answer', 'poll', 'login', 'status', 'passthru', 'caller', 'device'] },
    }),
    storeSeconds: zeroedHistogram(registry, {
      name: 'pushgate_store_operation_seconds',
      help: 'Duration of one store operation.',
      closed: { outcome: ['ok', 'fault'] },
      open: ['op'],
      buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5],
    }),
    requestFaults: zeroedCounter(registry, {
      name: 'pushgate_request_faults_total',
      help: 'Requests that failed because something was broken, by cause. Undelivered pushes do not count.',
      closed: { cause: [...faultCodes, 'defect'] },
    }),
    requests: zeroedCounter(registry, {
      name: 'pushgate_http_requests_total',
      help: 'HTTP requests answered, by dialect, route and status.',
      closed: {},
      open: ['dialect', 'route', 'status'],
    }),
  };
}
