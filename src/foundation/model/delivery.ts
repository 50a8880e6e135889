/** How a push to one provider can end. */
export const outcomeKinds = ['sent', 'rejected', 'unavailable'] as const;
/** One of them. */
export type OutcomeKind = (typeof outcomeKinds)[number];

/** Why a provider refuses an address or a message for good. */
export const rejectedReasons = ['dead-address', 'message', 'configuration', 'credentials'] as const;
/** One of them. */
export type RejectedReason = (typeof rejectedReasons)[number];

/** Why a provider cannot deliver now. `circuit-open` is the gateway's own: no provider may say it. */
export const unavailableReasons = [
  'timeout',
  'connection',
  'tls',
  'throttled',
  'server',
  'garbage',
  'aborted',
  'defect',
  'busy',
  'circuit-open',
] as const;
/** One of them. */
export type UnavailableReason = (typeof unavailableReasons)[number];
