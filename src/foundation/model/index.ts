export {
  type AuditContent,
  type AuditEntry,
  type AuditMark,
  type AuditNote,
  type AuditWriter,
  auditKinds,
  type ChainRecord,
  type ClearText,
  isOfAudit,
  localActor,
  type PersonKey,
} from './audit.ts';
export {
  type OutcomeKind,
  outcomeKinds,
  type RejectedReason,
  rejectedReasons,
  type UnavailableReason,
  unavailableReasons,
} from './delivery.ts';
export type { Effect } from './effect.ts';
export {
  type AccountAct,
  type Actor,
  type ActRefusalReason,
  type CallerRefusalReason,
  type ConnectionRefusalReason,
  connectionRefusals,
  type GatewayEvent,
  type LoginRefusalReason,
  type LoginResult,
  loginRefusals,
  type MuteReason,
  muteReasons,
  type Origin,
  type OutboxAct,
  type ShedReason,
  shedReasons,
  type Tell,
  type TlsRefusalReason,
  type TokenAct,
  tlsRefusalReasons,
  type UndeliveredReason,
  undeliveredReasons,
} from './event.ts';
export {
  type EventKind,
  type EventStream,
  eventKinds,
  type IdentityPin,
  type KeptRequest,
  type OutboxChange,
  type OutboxMessage,
  type PublishedEvent,
} from './exchange.ts';
export { parseJson, record, records } from './json.ts';
export type { AccountChange, AdminAccount, PartitionKey, StockKey } from './keys-and-accounts.ts';
export { type KnownClient, type KnownPerson, mostPersonsKept, mostPersonsKnown, withPerson } from './known-client.ts';
export { listed, nearestName, noSuchName } from './names.ts';
export { foldedKey, foldedName, foldedRealm, mappedName, type Named, nameKey, ownerKeys, sourceKey } from './person.ts';
export {
  type DeviceAddress,
  type Owner,
  type PushToken,
  type PushTokenChange,
  pollOnlyProvider,
  type RolloutCredential,
  type RolloutState,
  type ServerKey,
  tokenNumber,
} from './push-token.ts';
export {
  ActForbidden,
  demandName,
  longestName,
  NotNow,
  Overloaded,
  OverlongText,
  RefusedText,
  TurnedAway,
  UndecodableText,
} from './refusals.ts';
export type { RelayDevice, RelayProgress } from './relay.ts';
export type { Clock } from './result.ts';
export {
  type FaultCode,
  faultCodes,
  GatewayFault,
  ok,
  type Result,
  refused,
  type SourceFailure,
  sourceFailures,
  systemCode,
} from './result.ts';
export {
  type Challenge,
  type ChallengeMode,
  callbackId,
  type Decision,
  type DecisionRule,
  type DeclineReason,
  type FirstLeg,
  isFromFuture,
  mostClockSkewMs,
  type ReportRule,
  type TrailEntry,
  type Transaction,
  type WaitingPage,
} from './transaction.ts';
export { version } from './version.ts';
