import type { Transaction } from '../foundation/model/index.ts';
import { admittedTokens, isTooOften, mayAdminister, mayCall, mayLogIn, resolveName, tallyOf } from './admission/admission.ts';
import { passedOn } from './admission/passed-on.ts';
import { answer } from './challenges/answer.ts';
import { answerByHandle } from './challenges/answer-by-handle.ts';
import { cancelTransaction, deleteExpired, findLive } from './challenges/challenge-admin.ts';
import { deliver, mayPoll } from './challenges/deliver.ts';
import { isOfferedInLogin, offerInLogin, skipEnrolment, takeBackOffers } from './challenges/enrolment.ts';
import { findOwn, findOwnForeign, findPublicly, finish } from './challenges/finish.ts';
import { checkFirstLeg } from './challenges/first-leg.ts';
import { canAsk, issue } from './challenges/issue.ts';
import { poll, updateAddress } from './challenges/phone-poll.ts';
import { waitForAnswer } from './challenges/wait.ts';
import { applyEvent } from './decisions/apply.ts';
import { statusOf } from './decisions/status.ts';
import { explain } from './explain.ts';
import { factsOf } from './facts.ts';
import type { Asker, EngineParts } from './parts.ts';
import { findPerson, findSource, recordForPolicies, recordOf, sourceOf } from './people/person.ts';
import { isBegunBy, isNamedBy, isOwnedBy, isSameUser, listTokens, personKey, tokensOf, tokensToFinish } from './people/person-key.ts';
import type { PairingProtocol, PhoneProtocol } from './phones/phone-protocol.ts';
import { checkLoginPin } from './pins/login-pin.ts';
import { spendLikePin } from './pins/no-token.ts';
import { checkPin, isLocked } from './pins/pins.ts';
import { countFailures, forgetNetwork, forgiveAll } from './pins/source-pins.ts';
import { putDevice, relay, removeDevice, signedDevice, waitingFor } from './relay/index.ts';
import { addAddress, removeAddress } from './tokens/addresses.ts';
import { handOver, listNamesakes } from './tokens/namesakes.ts';
import { pairPhone } from './tokens/pairing.ts';
import { completeRollout } from './tokens/rollout.ts';
import { renewRollout } from './tokens/rollover.ts';
import { allowPolling, noteInfo, removeTokens, resetTokens, revokeTokens, selectTokens, setEnabled, setPin } from './tokens/token-admin.ts';
import { setFields } from './tokens/token-fields.ts';
import { assignWithinLimits, offerWithinLimits } from './tokens/token-limits.ts';
import { unassignTokens } from './tokens/token-owner.ts';

export { type Applicant, type LoginRefusal, mayAskFor, type Refusal, type Tally } from './admission/admission.ts';
export type { PassedOn } from './admission/passed-on.ts';
export { type Background, openBackground } from './background.ts';
export type { AnswerReply } from './challenges/answer.ts';
export { type Ask, askForPresence, askToConfirm, type OptionSource } from './challenges/ask.ts';
export type { Delivered, DeliverRequest } from './challenges/deliver.ts';
export type { Naming } from './challenges/issue.ts';
export type { Waited, WaitRequest } from './challenges/wait.ts';
export { type Status, statusOf } from './decisions/status.ts';
export { type Sweeper, startSweeper } from './decisions/sweeper.ts';
export { type Explained, explain, type ProviderFacts } from './explain.ts';
export type { Asker, EngineParts, EngineSettings } from './parts.ts';
export { factsOfPerson, ownerOf, type Person, withPerson } from './people/person.ts';
export type { Asked, ListFilter } from './people/person-key.ts';
export type {
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
export { openServerKeys, type ServerKeys } from './phones/server-keys.ts';
export { openSharedKeys, type SharedKeys } from './phones/shared-keys.ts';
export type { PinRule } from './pins/login-pin.ts';
export { longestPin } from './pins/pins.ts';
export { awaitsActivation, isInService, isUsable, mostLoginsKey } from './records/usable.ts';
export {
  carriedAddress,
  type DeviceFacts,
  type Registrant,
  type RelayReply,
  type RelayRequest,
  type SignedRequest,
} from './relay/index.ts';
export { type AddressValue, addressId, maxAddresses } from './tokens/addresses.ts';
export type { HandedOver, Handover, Namesakes } from './tokens/namesakes.ts';
export type { PairingReply } from './tokens/pairing.ts';
export type { RolloutRefusal } from './tokens/rollout.ts';
export type { TokenSelection } from './tokens/token-admin.ts';
export type { TokenLimitRefusal } from './tokens/token-limits.ts';
export type { Assigned } from './tokens/token-owner.ts';
export { openTurns, type Turns } from './turns.ts';
export type { UserRecord } from './users/index.ts';

/** The life of tokens and challenges, as the edge calls it. Each member's promise is told where it is defined. */
export type Engine = ReturnType<typeof openEngine>;

/** Ties the engine's steps to its parts. */
export function openEngine(parts: EngineParts) {
  const { store, realms, clock } = parts;
  return {
    clock,
    /** The policies in use now. */
    get policy() {
      return parts.policy;
    },
    realms,
    mayLogIn: (...args: Tail<typeof mayLogIn>) => mayLogIn(parts, ...args),
    mayCall: (...args: Tail<typeof mayCall>) => mayCall(parts, ...args),
    resolveName: (...args: Tail<typeof resolveName>) => resolveName(parts, ...args),
    admittedTokens: (...args: Tail<typeof admittedTokens>) => admittedTokens(parts, ...args),
    isTooOften: (...args: Tail<typeof isTooOften>) => isTooOften(parts, ...args),
    tallyOf: (...args: Tail<typeof tallyOf>) => tallyOf(parts, ...args),
    mayAdminister: (...args: Tail<typeof mayAdminister>) => mayAdminister(parts, ...args),
    offerRollout: (...args: Tail<typeof offerWithinLimits>) => offerWithinLimits(parts, ...args),
    renewRollout: (...args: Tail<typeof renewRollout>) => renewRollout(parts, ...args),
    completeRollout: <R>(phone: PhoneProtocol<R>, request: Parameters<typeof completeRollout<R>>[2]) =>
      completeRollout(parts, phone, request),
    offerInLogin: (...args: Tail<typeof offerInLogin>) => offerInLogin(parts, ...args),
    skipEnrolment: (...args: Tail<typeof skipEnrolment>) => skipEnrolment(parts, ...args),
    takeBackOffers: (...args: Tail<typeof takeBackOffers>) => takeBackOffers(parts, ...args),
    isOfferedInLogin,
    checkPin: (...args: Tail<typeof checkPin>) => checkPin(parts, ...args),
    checkLoginPin: (...args: Tail<typeof checkLoginPin>) => checkLoginPin(parts, ...args),
    spendLikePin: (...args: Tail<typeof spendLikePin>) => spendLikePin(parts, ...args),
    passedOn: (...args: Tail<typeof passedOn>) => passedOn(parts, ...args),
    findPerson: (...args: Tail<typeof findPerson>) => findPerson(parts, ...args),
    findUser: parts.directory.findUser,
    recordOf: (...args: Tail<typeof recordOf>) => recordOf(parts, ...args),
    recordForPolicies: (...args: Tail<typeof recordForPolicies>) => recordForPolicies(parts, ...args),
    findSource: (...args: Tail<typeof findSource>) => findSource(parts, ...args),
    sourceOf: (...args: Tail<typeof sourceOf>) => sourceOf(parts, ...args),
    isBegunBy: (...args: Tail<typeof isBegunBy>) => isBegunBy(parts, ...args),
    isNamedBy: (...args: Tail<typeof isNamedBy>) => isNamedBy(parts, ...args),
    isOwnedBy: (...args: Tail<typeof isOwnedBy>) => isOwnedBy(parts, ...args),
    issue: (...args: Tail<typeof issue>) => issue(parts, ...args),
    canAsk: (...args: Tail<typeof canAsk>) => canAsk(parts, ...args),
    deliver: (...args: Tail<typeof deliver>) => deliver(parts, ...args),
    mayPoll: (...args: Tail<typeof mayPoll>) => mayPoll(parts, ...args),
    answer: <A>(phone: PhoneProtocol<never, A>, request: Parameters<typeof answer<A>>[2]) => answer(parts, phone, request),
    answerByHandle: <A>(phone: PhoneProtocol<never, A>, request: Parameters<typeof answerByHandle<A>>[2]) =>
      answerByHandle(parts, phone, request),
    pairPhone: <M>(phone: PairingProtocol<M>, request: Parameters<typeof pairPhone<M>>[2]) => pairPhone(parts, phone, request),
    poll: <P>(phone: PhoneProtocol<never, never, P>, request: Parameters<typeof poll<P>>[2]) => poll(parts, phone, request),
    updateAddress: <U>(phone: PhoneProtocol<never, never, never, U>, request: Parameters<typeof updateAddress<U>>[2]) =>
      updateAddress(parts, phone, request),
    relay: (...args: Tail<typeof relay>) => relay(parts, ...args),
    putDevice: (...args: Tail<typeof putDevice>) => putDevice(parts, ...args),
    removeDevice: (...args: Tail<typeof removeDevice>) => removeDevice(parts, ...args),
    signedDevice: (...args: Tail<typeof signedDevice>) => signedDevice(parts, ...args),
    waitingFor: (...args: Tail<typeof waitingFor>) => waitingFor(parts, ...args),
    deadDevices: store.deadDevices,
    finish: (...args: Tail<typeof finish>) => finish(parts, ...args),
    waitForAnswer: (...args: Tail<typeof waitForAnswer>) => waitForAnswer(parts, ...args),
    isLocked: (...args: Tail<typeof isLocked>) => isLocked(parts, ...args),
    forgetNetwork: (...args: Tail<typeof forgetNetwork>) => forgetNetwork(parts, ...args),
    forgiveAll: (...args: Tail<typeof forgiveAll>) => forgiveAll(parts, ...args),
    countFailures: (...args: Tail<typeof countFailures>) => countFailures(parts, ...args),
    /** Ends what the server that asked no longer wants answered. */
    withdraw: (transaction: Transaction) => applyEvent(parts, transaction, { kind: 'withdrawn', by: 'server' }),
    findOwn: (...args: Tail<typeof findOwn>) => findOwn(parts, ...args),
    findOwnForeign: (...args: Tail<typeof findOwnForeign>) => findOwnForeign(parts, ...args),
    checkFirstLeg: (...args: Tail<typeof checkFirstLeg>) => checkFirstLeg(parts, ...args),
    findPublicly: (...args: Tail<typeof findPublicly>) => findPublicly(parts, ...args),
    findTransaction: store.findTransaction,
    tokensOf: (...args: Tail<typeof tokensOf>) => tokensOf(parts, ...args),
    tokensToFinish: (...args: Tail<typeof tokensToFinish>) => tokensToFinish(parts, ...args),
    isSameUser: (...args: Tail<typeof isSameUser>) => isSameUser(parts, ...args),
    personKey: (...args: Tail<typeof personKey>) => personKey(parts, ...args),
    findToken: store.findToken,
    listTokens: (...args: Tail<typeof listTokens>) => listTokens(parts, ...args),
    removeTokens: (...args: Tail<typeof removeTokens>) => removeTokens(parts, ...args),
    selectTokens: (...args: Tail<typeof selectTokens>) => selectTokens(parts, ...args),
    setEnabled: (...args: Tail<typeof setEnabled>) => setEnabled(parts, ...args),
    revokeTokens: (...args: Tail<typeof revokeTokens>) => revokeTokens(parts, ...args),
    assignToken: (...args: Tail<typeof assignWithinLimits>) => assignWithinLimits(parts, ...args),
    unassignTokens: (...args: Tail<typeof unassignTokens>) => unassignTokens(parts, ...args),
    listNamesakes: () => listNamesakes(parts),
    handOver: (...args: Tail<typeof handOver>) => handOver(parts, ...args),
    noteInfo: (...args: Tail<typeof noteInfo>) => noteInfo(parts, ...args),
    allowPolling: (...args: Tail<typeof allowPolling>) => allowPolling(parts, ...args),
    openTransactionsOf: (serial: string) => store.openTransactionsOf(serial, clock()),
    findLive: (...args: Tail<typeof findLive>) => findLive(parts, ...args),
    cancelTransaction: (...args: Tail<typeof cancelTransaction>) => cancelTransaction(parts, ...args),
    deleteExpired: () => deleteExpired(parts),
    resetTokens: (...args: Tail<typeof resetTokens>) => resetTokens(parts, ...args),
    addAddress: (...args: Tail<typeof addAddress>) => addAddress(parts, ...args),
    removeAddress: (...args: Tail<typeof removeAddress>) => removeAddress(parts, ...args),
    trailOf: store.trailOf,
    statusOf: ({ decision }: Transaction) => statusOf(decision, clock()),
    explain: (...args: Tail<typeof explain>) =>
      explain({ policy: parts.policy, providers: parts.registry.status(), deadlineMs: parts.settings.deliveryDeadlineMs }, ...args),
    /** How the providers fare, and whether one of them works. */
    providers: () => parts.registry.status(),
    checkProvider: (name: string, signal: AbortSignal) => parts.registry.check(name, signal),
    setFields: (...args: Tail<typeof setFields>) => setFields(parts, ...args),
    setPin: (...args: Tail<typeof setPin>) => setPin(parts, ...args),
    /** What policies are asked with. */
    facts: (asker: Asker, owner?: Parameters<typeof factsOf>[2], token?: Parameters<typeof factsOf>[3]) =>
      factsOf(parts, asker, owner, token),
  };
}

type Tail<F extends (...args: never[]) => unknown> = Parameters<F> extends [unknown, ...infer Rest] ? Rest : never;
