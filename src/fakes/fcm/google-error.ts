import { type FakeReply, json } from '../exchange.ts';

/** The codes of an FcmError. @see docs/protocols/delivery.md 2 */
export const fcmCodes = [
  'UNSPECIFIED_ERROR',
  'INVALID_ARGUMENT',
  'UNREGISTERED',
  'SENDER_ID_MISMATCH',
  'QUOTA_EXCEEDED',
  'UNAVAILABLE',
  'INTERNAL',
  'THIRD_PARTY_AUTH_ERROR',
] as const;
/** The code of an FcmError. */
export type FcmCode = (typeof fcmCodes)[number];

/** One wrong field, by its path in the request. */
export type Violation = { field: string; description: string };

const fcmError = (errorCode: FcmCode) => ({ '@type': 'type.googleapis.com/google.firebase.fcm.v1.FcmError', errorCode });
const badRequest = (violations: readonly Violation[]) => ({
  '@type': 'type.googleapis.com/google.rpc.BadRequest',
  fieldViolations: violations,
});
const errorInfo = (reason: string) => ({
  '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
  reason,
  domain: 'googleapis.com',
  metadata: { method: 'google.firebase.fcm.v1.FcmService.SendMessage', service: 'fcm.googleapis.com' },
});

const statuses: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  409: 'ABORTED',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  501: 'UNIMPLEMENTED',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

/** Further parts of an error: FCM's code, the wrong fields, or the reason of Google's front end. */
export type Particulars = { fcm?: FcmCode; violations?: readonly Violation[]; reason?: string };

/** An error in the format of all Google APIs. `details` is present only when there are any. */
export function googleError(code: number, message: string, { fcm, violations, reason }: Particulars = {}): FakeReply {
  const details = [
    ...(reason === undefined ? [] : [errorInfo(reason)]),
    ...(violations === undefined ? [] : [badRequest(violations)]),
    ...(fcm === undefined ? [] : [fcmError(fcm)]),
  ];
  const status = statuses[code] ?? 'UNKNOWN';
  const challenge = code === 401 ? { 'www-authenticate': 'Bearer realm="https://accounts.google.com/"' } : {};
  return json(code, { error: { code, message, status, ...(details.length > 0 && { details }) } }, challenge);
}
