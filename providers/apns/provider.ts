/**
 * Pushes to iPhones through Apple's APNs, with a .p8 key or the certificate of one app. Determines and remembers which
 * of APNs' two environments an address belongs to. Wire: POST /3/device/{address} over HTTP/2; 200 means accepted.
 * @see docs/protocols/delivery.md 2, 2.1
 */
import { randomUUID } from 'node:crypto';
import { type CheckResult, type DeliveryOutcome, type DeviceAddress, defineProvider } from '../../src/delivery/provider-kit/index.ts';
import { config } from './config.ts';
import { openEndpoints } from './endpoints.ts';
import { type Environment, openEnvironmentMemory, otherThan } from './environments.ts';
import { type Message, maxPayloadBytes, openMessages } from './message.ts';
import { type Answered, isBadDeviceToken, outcomeOf } from './outcomes.ts';

export default defineProvider({
  kind: 'apns',
  addresses: ['apns'],
  // APNs collapses duplicates by collapse id.
  idempotent: true,
  config,
  async open(settings, host) {
    const { topic, environment } = settings;
    const messages = await openMessages(topic);
    const { expiries, ...endpoints } = openEndpoints(settings, host);
    const memory = openEnvironmentMemory();
    const meaning = (answered: Answered, name: Environment, since: number): DeliveryOutcome =>
      outcomeOf(answered, { host: endpoints[name].host, now: host.clock(), since });
    const send = async (message: Message, { value, since }: DeviceAddress, signal: AbortSignal): Promise<DeliveryOutcome> => {
      const name = environment === 'auto' ? memory.likely(value) : environment;
      const first = await endpoints[name].send(message, signal);
      if (environment !== 'auto' || !isBadDeviceToken(first)) return meaning(first, name, since);
      const other = otherThan(name);
      const second = await endpoints[other].send(message, signal);
      if (isBadDeviceToken(second)) return dead('both environments answered BadDeviceToken');
      const outcome = meaning(second, other, since);
      if (outcome.kind === 'sent') memory.learn(value, other);
      return outcome.reason === 'credentials' ? { ...outcome, reason: 'configuration' } : outcome;
    };
    return {
      async deliver(push, signal) {
        const { address } = push;
        if (!address || !hexadecimal.test(address.value)) return dead('the address is not an APNs device token, which is hexadecimal');
        const message = messages.ring(push, address.value, randomUUID());
        const bytes = Buffer.byteLength(message.body);
        return bytes > maxPayloadBytes ? tooLong(bytes) : send(message, address, signal);
      },
      async check(signal) {
        const name = environment === 'auto' ? 'production' : environment;
        const answered = await endpoints[name].send(messages.probe(randomUUID()), signal);
        const { host: at } = endpoints[name];
        return isBadDeviceToken(answered) ? proven(at) : checked(meaning(answered, name, 0), at);
      },
      expires: () => expiries,
      async close() {
        await Promise.all([endpoints.production.close(), endpoints.sandbox.close()]);
      },
    };
  },
});

// Apple gives no maximum length; it once announced up to 100 bytes.
const hexadecimal = /^[0-9A-Fa-f]{2,400}$/;

const dead = (detail: string): DeliveryOutcome => ({ kind: 'rejected', reason: 'dead-address', detail });

const tooLong = (bytes: number): DeliveryOutcome => ({
  kind: 'rejected',
  reason: 'message',
  detail: `the payload has ${bytes} bytes, APNs takes ${maxPayloadBytes}; shorten title and question`,
});

const proven = (host: string): CheckResult => ({ ok: true, detail: `${host} accepted our credentials` });

function checked(outcome: DeliveryOutcome, host: string): CheckResult {
  if (outcome.kind === 'sent') return proven(host);
  const hint = hints.get(outcome.reason);
  return { ok: false, problem: hint === undefined ? `${outcome.detail ?? host}.` : `${host} ${hint}.` };
}

const hints = new Map<DeliveryOutcome['reason'], string>([
  ['tls', 'cannot be trusted: its certificate is from an unknown authority. Check ca, and proxies on the way'],
  ['connection', 'cannot be reached. Check the name, the firewall and the proxy'],
  ['timeout', 'did not answer in time. Check the firewall and the proxy'],
  ['aborted', 'was not waited for'],
  ['garbage', 'sent a reply that APNs never sends. Check proxies on the way'],
]);
