import type { Actor, Clock, PushToken } from '../foundation/model/index.ts';
import type { Facts, Policy } from '../policy/index.ts';
import { type Admission, openAdmission } from './admission/index.ts';
import type { Audit } from './audit/index.ts';
import { type Challenges, openChallenges } from './challenges/index.ts';
import { type Explained, explain, factsOf, type NamedOwner } from './facts.ts';
import type { Asker, EngineParts } from './parts.ts';
import { type Identities, openIdentities } from './people/identity.ts';
import { openPeople, type People } from './people/index.ts';
import { openPins, type Pins } from './pins/index.ts';
import { type Once, once, type RepeatableRequest } from './records/once.ts';
import { openRelay, type Relay } from './relay/index.ts';
import { type AdministrationScope, openAdministration, type TokenAdministration } from './tokens/administration.ts';
import { openPushTokens, type PushTokens } from './tokens/index.ts';

export { readAddress } from '../delivery/provider-kit/index.ts';
export { type AdministratorLogin, checkAdministrator } from './admission/administrator-login.ts';
export { type LoginRefusal, mayAskFor, type Refusal } from './admission/admission.ts';
export type { Tally } from './admission/login-rates.ts';
export type { PassedOn } from './admission/passed-on.ts';
export type { AuditLine, AuditLines, AuditPage, AuditQuery, AuditVerified } from './audit/index.ts';
export { type Background, openBackground } from './background.ts';
export type { AnswerReply } from './challenges/answer.ts';
export type { Approval, ApprovalRefusal, ApprovalRequest, Approver, ShownNumber } from './challenges/approval.ts';
export { type Ask, askForPresence, askToConfirm, type OptionSource } from './challenges/ask.ts';
export type { Delivered, DeliverRequest } from './challenges/deliver.ts';
export type { ApprovalFinished, FinishApproval } from './challenges/finish-approval.ts';
export type { DialectPrompt, IssueRequest, Naming } from './challenges/issue-request.ts';
export type { Waited, WaitRequest } from './challenges/wait.ts';
export { isOver } from './decisions/decide.ts';
export { type Status, statuses, statusOf } from './decisions/status.ts';
export { type Sweeper, startSweeper } from './decisions/sweeper.ts';
export { type Explained, explain, type ProviderFacts } from './facts.ts';
export { type KeyMutex, openKeyMutex } from './key-mutex.ts';
export {
  expiryTarget,
  expiryWatch,
  type NewEvent,
  type NewMessage,
  type OpenMessage,
  type Outbox,
  type OutboxTarget,
  openOutbox,
  openPublisher,
  type Publisher,
  type ReplayRefusal,
  type Sent,
  type ShownMessage,
} from './outbox/index.ts';
export { type Applicant, type Asker, type EngineParts, type EngineSettings, originOf, ownerNames } from './parts.ts';
export { factsOfPerson, isNobody, ownerOf, type Person } from './people/person.ts';
export { type Asked, type ListFilter, personKey } from './people/person-key.ts';
export type {
  Announced,
  AnswerMeaning,
  Offer,
  Pairing,
  PairingProtocol,
  PhoneKeys,
  PhoneProtocol,
  Prompt,
  Sealed,
  SealTools,
  SharedKey,
} from './phones/phone-protocol.ts';
export { openServerKeys, type Resealing, type ServerKeys } from './phones/server-keys.ts';
export { openSharedKeys, type SharedKeys } from './phones/shared-keys.ts';
export type { PinRule } from './pins/login-pin.ts';
export { longestPin } from './pins/pins.ts';
export type { Once, RepeatableRequest } from './records/once.ts';
export { awaitsActivation, isInService, isUsable, mostLoginsKey, unusableReason } from './records/usable.ts';
export {
  carriedAddress,
  type DeviceFacts,
  type GivenAddress,
  type Registrant,
  type RelayReply,
  type RelayRequest,
  type RelayTarget,
  type SignedRequest,
} from './relay/index.ts';
export { type AddressAdded, type AddressValue, addressId, maxAddresses } from './tokens/addresses.ts';
export type { AdministrationScope, TokenAdministration } from './tokens/administration.ts';
export type { HandedOver, Handover, Namesakes } from './tokens/namesakes.ts';
export type { PairingReply } from './tokens/pairing.ts';
export type { RolloutRefusal } from './tokens/rollout.ts';
export type { TokenForm } from './tokens/stand-in.ts';
export type { TokenSelection } from './tokens/token-admin.ts';
export type { TokenFields } from './tokens/token-fields.ts';
export type { TokenLimitRefusal } from './tokens/token-limits.ts';
export type { Assigned } from './tokens/token-owner.ts';
export type { UserRecord } from './users/index.ts';

/** The life of push tokens and challenges, for the edge. */
export type Engine = {
  admission: Admission;
  challenges: Challenges;
  tokens: PushTokens;
  /** Administration of push tokens by this administrator, within `scope`. */
  administration(by: Actor, scope?: AdministrationScope): TokenAdministration;
  pins: Pins;
  people: People;
  audit: Pick<Audit, 'list' | 'count' | 'find' | 'lookAround' | 'verify' | 'erase'>;
  relay: Relay;
  /**
   * Runs `work` for the first request with this key; a repeated one within 24 hours gets the same resource. `work`
   * resolves with its id.
   */
  once(request: RepeatableRequest, work: () => Promise<string>): Promise<Once>;
  outbox: Pick<EngineParts['outbox'], 'add' | 'list' | 'tally' | 'replay' | 'drop'>;
  identities: Identities;
  realms: EngineParts['realms'];
  clock: Clock;
  /** The policies now in use. */
  readonly policy: Policy;
  /** The facts for policies: the caller, the user, and the push token. */
  facts(asker: Asker, owner?: NamedOwner, token?: PushToken): Facts;
  /** Explains the policies for a request. `recorded` is the provider recorded with the push token, if any. */
  explain(facts: Facts, recorded?: string): Explained;
  /** The state of the providers, a check of one, and a reset of one. */
  providers: Pick<EngineParts['registry'], 'status' | 'check' | 'reset'>;
};

/** Binds the engine's functions to its parts. */
export function openEngine(parts: EngineParts): Engine {
  return {
    admission: openAdmission(parts),
    challenges: openChallenges(parts),
    tokens: openPushTokens(parts),
    administration: (by, scope) => openAdministration(parts, by, scope),
    pins: openPins(parts),
    people: openPeople(parts),
    audit: parts.audit,
    relay: openRelay(parts),
    once: (request, work) => once(parts, request, work),
    outbox: parts.outbox,
    identities: openIdentities(parts),
    realms: parts.realms,
    clock: parts.clock,
    get policy() {
      return parts.policy;
    },
    facts: (asker, owner, token) => factsOf(parts, asker, owner, token),
    explain(facts, recorded) {
      const { policy, registry, settings } = parts;
      return explain({ policy, providers: registry.status(), deadlineMs: settings.deliveryDeadlineMs }, facts, recorded);
    },
    // A reload replaces the registry.
    providers: {
      status: () => parts.registry.status(),
      check: (name, signal) => parts.registry.check(name, signal),
      reset: (name) => parts.registry.reset(name),
    },
  };
}
