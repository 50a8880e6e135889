import type { PushToken, Result } from '../../foundation/model/index.ts';
import type { Asker, EngineParts } from '../parts.ts';
import type { PairingProtocol, PhoneProtocol } from '../phones/phone-protocol.ts';
import { type AddressValue, addAddress, removeAddress } from './addresses.ts';
import { type HandedOver, type Handover, handOver, listNamesakes, type Namesakes } from './namesakes.ts';
import { type PairingReply, type PairingRequest, pairPhone } from './pairing.ts';
import { completeRollout, type Offered, type OfferRequest, type RolloutRefusal, type RolloutRequest } from './rollout.ts';
import { type RenewRequest, renewRollout } from './rollover.ts';
import {
  allowPolling,
  noteInfo,
  removeTokens,
  resetTokens,
  revokeTokens,
  selectTokens,
  setEnabled,
  setPin,
  type TokenSelection,
} from './token-admin.ts';
import { setFields, type TokenFields } from './token-fields.ts';
import { assignWithinLimits, offerWithinLimits, type TokenLimitRefusal } from './token-limits.ts';
import { type Assigned, type Assignment, unassignTokens } from './token-owner.ts';

/** Push tokens: their rollout, owners, addresses, and what administrators do with them. */
export type PushTokens = {
  /** The push token of this serial. */
  find(serial: string): Promise<PushToken | undefined>;
  /** The push tokens of a selection, with those of earlier users of the same name and source; empty when there are none. */
  select(selection: TokenSelection): Promise<PushToken[]>;
  /**
   * Offers a push token unless its owner would have more than policies allow. It looks before and, since another gateway may make one at the same
   * moment, once more afterwards: of two that come at once both may be refused, and never both stay. What a crash leaves between is a token whose
   * credential nobody was told.
   * @see docs/policies.md
   */
  offer(asker: Asker, request: OfferRequest): Promise<Result<Offered, 'serial-taken' | 'too-long' | TokenLimitRefusal>>;
  /**
   * Offers a push token anew, under the same serial and owner: it waits for a phone again. The phone it had is forgotten with its key and
   * addresses, and what was open for it is withdrawn. `revoked` ones stay as they are; `gone`: somebody deleted it.
   * @see docs/protocols/privacyidea.md 3.1
   */
  renew(token: PushToken, request: RenewRequest): Promise<Result<Offered, 'gone' | 'revoked' | 'too-long'>>;
  /**
   * Binds the phone: checks the credential, reads the phone's keys, gives the push token a server key of its own. An exact repetition
   * (serial, credential, key) soon after gets the first reply again. The value is the server's public key, PKCS#1 DER in base64. Throws `TurnedAway` after
   * too many wrong credentials.
   * @see docs/protocols/privacyidea.md 3.3
   */
  completeRollout<R>(phone: PhoneProtocol<R>, request: RolloutRequest<R>): Promise<Result<{ serverPublicKey: string }, RolloutRefusal>>;
  /**
   * Takes the keys and the address of a phone whose push token waits for one, until it has proven them by an activation; after that the same phone may tell
   * a new address. A message that was used before is refused, so that nobody leads pushes back to an old address. What cannot be opened costs no counter.
   * @see docs/protocols/linotp.md 7.3, 12
   */
  pair<M>(phone: PairingProtocol<M>, request: PairingRequest<M>): Promise<PairingReply>;
  /** Enables or disables; only bound push tokens that are not revoked can be enabled. Returns how many changed. */
  setEnabled(tokens: readonly PushToken[], enabled: boolean): Promise<number>;
  /** Sets or, with the empty PIN, removes the PIN. Returns how many push tokens there were. */
  setPin(tokens: readonly PushToken[], pin: string): Promise<number>;
  /** Sets fields of push tokens. Returns how many push tokens there were. */
  setFields(tokens: readonly PushToken[], fields: TokenFields): Promise<number>;
  /** Forgives everything: the fail count is zero, and no network waits any more for these push tokens. Returns how many there were. */
  reset(tokens: readonly PushToken[]): Promise<number>;
  /** Revokes for good: what is open is withdrawn, and the phone is told nothing any more. Returns how many push tokens there were. */
  revoke(tokens: readonly PushToken[]): Promise<number>;
  /**
   * Removes push tokens; returns how many there were. `several-users`, and nothing is removed, where they are of namesakes in several sources: while no source
   * can be asked these cannot be told apart, and what is removed is gone.
   */
  remove(tokens: readonly PushToken[]): Promise<number | 'several-users'>;
  /** Notes something about push tokens under a key, or with `null` forgets it. Returns how many push tokens there were. */
  noteInfo(tokens: readonly PushToken[], key: string, value: string | null): Promise<number>;
  /** Says whether phones may ask what is waiting, where policy leaves that to each push token; `null` forgets it. Returns how many there were. */
  allowPolling(tokens: readonly PushToken[], value: string | null): Promise<number>;
  /** Assigns a push token unless its owner to be would have more than policies allow; what was one too many is unassigned again, and its PIN is gone. */
  assign(asker: Asker, serial: string, change: Assignment): Promise<Assigned | TokenLimitRefusal>;
  /** Takes push tokens from their owners, and their PINs away. Returns how many had one. */
  unassign(tokens: readonly PushToken[]): Promise<number>;
  /** Adds an address beside those that the phone told; one that is known already lives again. `full` at eight addresses. */
  addAddress(serial: string, address: AddressValue): Promise<'added' | 'full' | 'gone'>;
  /** Removes the address of this id; true when there was one. */
  removeAddress(serial: string, id: string): Promise<boolean>;
  /** Names that mean other users than they did before users were told apart by case. Looks at no more than 1000 names. */
  listNamesakes(): Promise<Namesakes[]>;
  /**
   * Gives push tokens of a namesake to a user, with their PINs. What is open for them is withdrawn first. Throws as `findPerson`. For users of other names
   * there are `unassignTokens` and `assignToken`, which ask for a new PIN.
   */
  handOver(handover: Handover): Promise<HandedOver>;
};

/** Ties them to the engine's parts. */
export const openPushTokens = (parts: EngineParts): PushTokens => ({
  find: parts.store.findToken,
  select: (selection) => selectTokens(parts, selection),
  offer: (asker, request) => offerWithinLimits(parts, asker, request),
  renew: (token, request) => renewRollout(parts, token, request),
  completeRollout: (phone, request) => completeRollout(parts, phone, request),
  pair: (phone, request) => pairPhone(parts, phone, request),
  setEnabled: (tokens, enabled) => setEnabled(parts, tokens, enabled),
  setPin: (tokens, pin) => setPin(parts, tokens, pin),
  setFields: (tokens, fields) => setFields(parts, tokens, fields),
  reset: (tokens) => resetTokens(parts, tokens),
  revoke: (tokens) => revokeTokens(parts, tokens),
  remove: (tokens) => removeTokens(parts, tokens),
  noteInfo: (tokens, key, value) => noteInfo(parts, tokens, key, value),
  allowPolling: (tokens, value) => allowPolling(parts, tokens, value),
  assign: (asker, serial, change) => assignWithinLimits(parts, asker, serial, change),
  unassign: (tokens) => unassignTokens(parts, tokens),
  addAddress: (serial, address) => addAddress(parts, serial, address),
  removeAddress: (serial, id) => removeAddress(parts, serial, id),
  listNamesakes: () => listNamesakes(parts),
  handOver: (handover) => handOver(parts, handover),
});
