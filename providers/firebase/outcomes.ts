import { z } from 'zod';
import {
  type CheckResult,
  type DeliveryOutcome,
  type HttpReply,
  parseJson,
  retryAfterMs,
  type UnavailableReason,
} from '../../src/delivery/provider-kit/index.ts';

const GoogleError = z.object({
  error: z.object({
    message: z.string().catch(''),
    status: z.string().catch(''),
    details: z.array(z.looseObject({ '@type': z.string().catch('') })).catch([]),
  }),
});
const FcmError = z.object({ errorCode: z.string().regex(/^[A-Z_]{1,40}$/) });
const BadRequest = z.object({ fieldViolations: z.array(z.object({ field: z.string() })) });
const Accepted = z.object({ name: z.string().min(1) });

const leastThrottleMs = 60_000;

/** FCM's error: its own code, else Google's status, and whether it concerns the registration token. */
type Said = { code: string | undefined; status: string; isAboutToken: boolean };

/**
 * The outcome of FCM's reply. Only UNREGISTERED, or INVALID_ARGUMENT about the registration token, mean a dead address:
 * a 404 without FCM's own code means an unknown project, and must not mark phones as dead.
 * @param now epoch ms, for a `Retry-After` date
 * @see docs/protocols/delivery.md 2
 */
export function fromFcm({ status, headers, body }: HttpReply, host: string, now: number): DeliveryOutcome {
  if (status >= 200 && status < 300) {
    if (Accepted.safeParse(parseJson(body)).success) return { kind: 'sent' };
    return { kind: 'unavailable', reason: 'garbage', detail: `${host} answered ${status} without the name of a message` };
  }
  const said = read(body);
  const detail = [`${host} answered ${status}`, said.code ?? said.status].join(' ').trimEnd();
  const wait = retryAfterMs(headers, now);
  if (status === 429 || said.code === 'QUOTA_EXCEEDED')
    return { kind: 'unavailable', reason: 'throttled', detail, retryAfterMs: wait ?? leastThrottleMs };
  if (status >= 500 || status === 408) return { kind: 'unavailable', reason: 'server', detail, retryAfterMs: wait };
  return { kind: 'rejected', ...refusal(status, said, detail) };
}

type Refusal = Omit<Extract<DeliveryOutcome, { kind: 'rejected' }>, 'kind'>;

function refusal(status: number, { code, isAboutToken }: Said, detail: string): Refusal {
  switch (code) {
    case 'UNREGISTERED':
      return { reason: 'dead-address', detail };
    case 'INVALID_ARGUMENT':
      return { reason: isAboutToken ? 'dead-address' : 'message', detail };
    case 'SENDER_ID_MISMATCH':
      return { reason: 'configuration', detail: `${detail}: the phone's app belongs to another Firebase project.` };
    case 'THIRD_PARTY_AUTH_ERROR':
      // Phones of the other platforms are still reached, so our own credentials are good.
      return {
        reason: 'configuration',
        detail: `${detail}: the APNs key or Web Push key in the Firebase project is wrong. Upload it again.`,
      };
    default:
      return refusalWithoutCode(status, isAboutToken, detail);
  }
}

function refusalWithoutCode(status: number, isAboutToken: boolean, detail: string): Refusal {
  if (status === 400) return { reason: isAboutToken ? 'dead-address' : 'message', detail };
  if (status === 401) return { reason: 'credentials', detail: `${detail}: it refuses the access token.` };
  if (status === 403) return { reason: 'credentials', detail: `${detail}: ${allow}` };
  if (status === 404) return { reason: 'configuration', detail: `${detail}: there is no such Firebase project. Check project_id.` };
  return { reason: status < 400 ? 'configuration' : 'message', detail };
}

const allow =
  'enable the Firebase Cloud Messaging API in that project, and give the service account the role Firebase Cloud Messaging API Admin.';

/** Whether FCM refused the access token itself, so that a new one may help. */
export const isStaleToken = ({ status, body }: HttpReply): boolean => status === 401 && read(body).code === undefined;

/** The result of the probe: FCM only checks the registration token after our credentials. */
export function fromProbe(outcome: DeliveryOutcome): CheckResult {
  if (outcome.kind === 'sent') return { ok: true };
  const { kind, reason, detail = 'no answer' } = outcome;
  if (kind === 'unavailable') return { ok: false, problem: `${detail} (${reason}). ${advice[reason] ?? 'Try again later.'}` };
  // FCM may call the probe's address wrong without naming it; a 400 from any other server proves nothing.
  const isAuthorized = reason === 'dead-address' || (reason === 'message' && detail.endsWith('INVALID_ARGUMENT'));
  return isAuthorized ? { ok: true } : { ok: false, problem: detail };
}

const advice: Readonly<Partial<Record<UnavailableReason, string>>> = {
  timeout: 'Check the network, the firewall and the proxy.',
  connection: 'Check the network, the firewall and the proxy.',
  tls: 'Its certificate is not trusted: configure its authority in ca.',
  garbage: 'That is not a server of Google: check api_url, token_url and proxy.',
};

function read(body: string): Said {
  const reply = GoogleError.safeParse(parseJson(body));
  if (!reply.success) return { code: undefined, status: '', isAboutToken: false };
  const { message, status, details } = reply.data.error;
  const fcm = details.find((each) => each['@type'].endsWith('FcmError'));
  const fields = details.flatMap((each) => BadRequest.safeParse(each).data?.fieldViolations ?? []);
  const isAboutToken =
    fields.some(({ field }) => field === 'message.token') || /\b(not a valid|invalid)( FCM)? registration token/i.test(message);
  return { code: FcmError.safeParse(fcm).data?.errorCode, status: /^[A-Z_]{1,40}$/.test(status) ? status : '', isAboutToken };
}
