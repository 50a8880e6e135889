import { ActForbidden, type Actor, type PushToken, type Result, type TokenAct } from '../../foundation/model/index.ts';
import { actOf } from '../audit/index.ts';
import { type Asker, type EngineParts, whomOf } from '../parts.ts';
import type { TokenAction } from '../records/change-token.ts';
import { type AddressAdded, type AddressValue, addAddress, removeAddress } from './addresses.ts';
import { type HandedOver, type Handover, handOver } from './namesakes.ts';
import type { Offered, OfferRequest } from './rollout.ts';
import { type RenewRequest, renewRollout } from './rollover.ts';
import { allowPolling, noteInfo, removeTokens, resetTokens, revokeTokens, setEnabled, setPin } from './token-admin.ts';
import { setFields, type TokenFields } from './token-fields.ts';
import { assignWithinLimits, offerWithinLimits, type TokenLimitRefusal } from './token-limits.ts';
import { type Assigned, type Assignment, unassignTokens } from './token-owner.ts';

/**
 * What administrators do with push tokens. Whoever does it is told with every act, in an event for each push token that it was done to, and the event is
 * written in the same update as the act.
 */
export type TokenAdministration = {
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
  addAddress(serial: string, address: AddressValue): Promise<AddressAdded>;
  /** Removes the address of this id; true when there was one. */
  removeAddress(serial: string, id: string): Promise<boolean>;
  /**
   * Gives push tokens of a namesake to a user, with their PINs. What is open for them is withdrawn first. Throws as `findPerson`. For users of other names
   * there are `unassignTokens` and `assignToken`, which ask for a new PIN.
   */
  handOver(handover: Handover): Promise<HandedOver>;
};

/** What an administrator may act on: a push token or a user, by realms. `right` is what it takes, for the event of a refusal. */
export type AdministrationScope = { right: string; allows(realms: readonly string[]): boolean };

/** Ties the acts to the engine's parts, in the name of an administrator. An act that leaves the scope throws `ActForbidden`, and is told as an event. */
export function openAdministration(parts: EngineParts, by: Actor, scope?: AdministrationScope): TokenAdministration {
  const demand = (all: readonly (readonly string[])[]): void => {
    if (!scope || all.every((realms) => scope.allows(realms))) return;
    parts.tell({ kind: 'administration-refused', reason: 'no-right', act: scope.right, by });
    throw new ActForbidden(scope.right);
  };
  /** An act on push tokens, all of which have to be in the scope. */
  const onTokens =
    <Rest extends unknown[], T>(act: (tokens: readonly PushToken[], ...rest: Rest) => Promise<T>) =>
    async (tokens: readonly PushToken[], ...rest: Rest): Promise<T> => {
      demand(tokens.map(({ realms }) => realms));
      return act(tokens, ...rest);
    };
  const told = (act: TokenAct): TokenAction =>
    actOf(parts, (token) => ({ kind: 'token-administered', act, serial: token.serial, by, ...whomOf(token) }));
  const tellLimited = (act: TokenAct): void => parts.tell({ kind: 'administration-refused', reason: 'too-many-tokens', act, by });
  return {
    async offer(asker, request) {
      demand([request.realms]);
      const offered = await offerWithinLimits(parts, asker, request, { act: told('offer'), undo: told('delete') });
      if (!offered.ok && typeof offered.error === 'object') tellLimited('offer');
      return offered;
    },
    async renew(token, request) {
      demand([token.realms]);
      return renewRollout(parts, token, request, told('renew'));
    },
    setEnabled: onTokens((tokens, enabled: boolean) => setEnabled(parts, tokens, enabled, told(enabled ? 'enable' : 'disable'))),
    setPin: onTokens((tokens, pin: string) => setPin(parts, tokens, pin, told('set-pin'))),
    setFields: onTokens((tokens, fields: TokenFields) => setFields(parts, tokens, fields, told('set-fields'))),
    reset: onTokens((tokens) => resetTokens(parts, tokens, told('reset'))),
    revoke: onTokens((tokens) => revokeTokens(parts, tokens, told('revoke'))),
    remove: onTokens((tokens) => removeTokens(parts, tokens, told('delete'))),
    noteInfo: onTokens((tokens, key: string, value: string | null) => noteInfo(parts, tokens, [key, value], told('note'))),
    allowPolling: onTokens((tokens, value: string | null) => allowPolling(parts, tokens, value, told('polling'))),
    async assign(asker, serial, change) {
      const token = scope && (await parts.store.findToken(serial));
      // A push token of no realm yet may be taken by whoever may act for its user to be.
      demand([realmsOf(change.owner), ...(token && token.realms.length > 0 ? [token.realms] : [])]);
      const assigned = await assignWithinLimits(parts, asker, { ...change, serial }, { act: told('assign'), undo: told('unassign') });
      if (assigned.kind === 'too-many-tokens') tellLimited('assign');
      return assigned;
    },
    unassign: onTokens((tokens) => unassignTokens(parts, tokens, told('unassign'))),
    addAddress: (serial, address) => addAddress(parts, serial, address, told('add-address')),
    removeAddress: (serial, id) => removeAddress(parts, serial, id, told('remove-address')),
    async handOver(handover) {
      demand([realmsOf(handover)]);
      return handOver(parts, handover, told('hand-over'));
    },
  };
}

const realmsOf = ({ realm }: { realm: string }): string[] => (realm === '' ? [] : [realm]);
