export { Secret, secretField } from '../settings/secret.ts';
export type { AdminAccount } from './account.ts';
export type { Clock } from './clock.ts';
export { type FaultCode, GatewayFault } from './fault.ts';
export { demandName, longestName } from './name.ts';
export type { PartitionKey } from './partition-key.ts';
export { foldedKey, type Named, nameKey, ownerKeys, sourceKey } from './person-key.ts';
export { foldedName, foldedRealm, mappedName } from './person-name.ts';
export {
  type DeviceAddress,
  type Owner,
  type PushToken,
  type PushTokenChange,
  pollOnlyProvider,
  type RolloutCredential,
  type RolloutState,
  type ServerKey,
} from './push-token.ts';
export { OverlongText, RefusedText, UndecodableText } from './refused-text.ts';
export type { RelayDevice, RelayProgress } from './relay.ts';
export { ok, type Result, refused } from './result.ts';
export type { StockKey } from './stock-key.ts';
export { systemCode } from './system-code.ts';
export { tokenNumber } from './token-number.ts';
export type {
  Challenge,
  ChallengeMode,
  Decision,
  DecisionRule,
  DeclineReason,
  Effect,
  FirstLeg,
  TrailEntry,
  Transaction,
} from './transaction.ts';
export { TurnedAway } from './turned-away.ts';
export { version } from './version.ts';
