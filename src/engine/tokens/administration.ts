import { ActForbidden, type Actor, type PushToken, type Result, type TokenAct } from '../../foundation/model/index.ts';
import { actOf } from '../audit/index.ts';
import { type Asker, type EngineParts, ownerNames } from '../parts.ts';
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
 * Administration of push tokens. Every act emits one event per push token with the administrator, written in the same
 * update as the act.
 */
export type TokenAdministration = {
  /**
   * Offers a push token unless its owner would have more than policies allow. It checks before and, because of other
   * gateways, again after: of two concurrent offers both may be refused, but never both stay. A crash in between leaves
   * a token whose credential was never shown.
   * @see docs/policies.md
   */
  offer(asker: Asker, request: OfferRequest): Promise<Result<Offered, 'serial-taken' | 'too-long' | TokenLimitRefusal>>;
  /**
   * Offers a push token again, with the same serial and owner, to bind another phone. The old phone's key and addresses
   * are deleted, and its open challenges are withdrawn. Refuses `revoked` tokens; `gone`: it was deleted.
   * @see docs/protocols/privacyidea.md 3.1
   */
  renew(token: PushToken, request: RenewRequest): Promise<Result<Offered, 'gone' | 'revoked' | 'too-long'>>;
  /**
   * Enables or disables; only enrolled push tokens that are not revoked can be enabled. Returns the number of changed
   * ones.
   */
  setEnabled(tokens: readonly PushToken[], enabled: boolean): Promise<number>;
  /** Sets the PIN; the empty one removes it. Returns the number of push tokens. */
  setPin(tokens: readonly PushToken[], pin: string): Promise<number>;
  /** Sets fields of push tokens. Returns the number of push tokens. */
  setFields(tokens: readonly PushToken[], fields: TokenFields): Promise<number>;
  /** Clears fail counts and the waits of all networks for these push tokens. Returns the number of push tokens. */
  reset(tokens: readonly PushToken[]): Promise<number>;
  /** Revokes permanently: withdraws open challenges, and the phone gets no more. Returns the number of push tokens. */
  revoke(tokens: readonly PushToken[]): Promise<number>;
  /**
   * Removes push tokens; returns their number. Refuses with `several-users` if they belong to users of the same name in
   * several sources: while a source does not answer they cannot be told apart, and a removal is final.
   */
  remove(tokens: readonly PushToken[]): Promise<number | 'several-users'>;
  /** Sets one tokeninfo key; `null` deletes it. Returns the number of push tokens. */
  noteInfo(tokens: readonly PushToken[], key: string, value: string | null): Promise<number>;
  /**
   * Sets whether phones may poll, where policy leaves that to each push token; `null` deletes it. Returns the number of
   * push tokens.
   */
  allowPolling(tokens: readonly PushToken[], value: string | null): Promise<number>;
  /**
   * Assigns a push token unless its new owner would have more than policies allow; one too many is unassigned again and
   * loses its PIN.
   */
  assign(asker: Asker, serial: string, change: Assignment): Promise<Assigned | TokenLimitRefusal>;
  /** Removes the owners and PINs of push tokens. Returns the number of those with an owner. */
  unassign(tokens: readonly PushToken[]): Promise<number>;
  /** Adds an address to those that the phone sent; a known one becomes alive again. `full` at eight addresses. */
  addAddress(serial: string, address: AddressValue): Promise<AddressAdded>;
  /** Removes the address of this id; true if it existed. */
  removeAddress(serial: string, id: string): Promise<boolean>;
  /**
   * Gives push tokens to a user whose name differs only in case or width, with their PINs; withdraws open challenges
   * first. Throws like `findPerson`. For users of other names, `unassign` and `assign` require a new PIN.
   */
  handOver(handover: Handover): Promise<HandedOver>;
};

/**
 * What an administrator may act on, by the realms of a push token or user. `right` is the required right, for the event
 * of a refusal.
 */
export type AdministrationScope = { right: string; allows(realms: readonly string[]): boolean };

/**
 * Binds the acts to the engine's parts and an administrator. An act outside the scope throws `ActForbidden` and emits
 * an event.
 */
export function openAdministration(parts: EngineParts, by: Actor, scope?: AdministrationScope): TokenAdministration {
  const demand = (all: readonly (readonly string[])[]): void => {
    if (!scope || all.every((realms) => scope.allows(realms))) return;
    parts.tell({ kind: 'administration-refused', reason: 'no-right', act: scope.right, by });
    throw new ActForbidden(scope.right);
  };
  /** An act on push tokens that must all be in the scope. */
  const onTokens =
    <Rest extends unknown[], T>(act: (tokens: readonly PushToken[], ...rest: Rest) => Promise<T>) =>
    async (tokens: readonly PushToken[], ...rest: Rest): Promise<T> => {
      demand(tokens.map(({ realms }) => realms));
      return act(tokens, ...rest);
    };
  const actionOf = (act: TokenAct): TokenAction =>
    actOf(parts, (token) => ({ kind: 'token-administered', act, serial: token.serial, by, ...ownerNames(token) }));
  const reportLimited = (act: TokenAct): void => parts.tell({ kind: 'administration-refused', reason: 'too-many-tokens', act, by });
  return {
    async offer(asker, request) {
      demand([request.realms]);
      const offered = await offerWithinLimits(parts, asker, request, { act: actionOf('offer'), undo: actionOf('delete') });
      if (!offered.ok && typeof offered.error === 'object') reportLimited('offer');
      return offered;
    },
    async renew(token, request) {
      demand([token.realms]);
      return renewRollout(parts, token, request, actionOf('renew'));
    },
    setEnabled: onTokens((tokens, enabled: boolean) => setEnabled(parts, tokens, enabled, actionOf(enabled ? 'enable' : 'disable'))),
    setPin: onTokens((tokens, pin: string) => setPin(parts, tokens, pin, actionOf('set-pin'))),
    setFields: onTokens((tokens, fields: TokenFields) => setFields(parts, tokens, fields, actionOf('set-fields'))),
    reset: onTokens((tokens) => resetTokens(parts, tokens, actionOf('reset'))),
    revoke: onTokens((tokens) => revokeTokens(parts, tokens, actionOf('revoke'))),
    remove: onTokens((tokens) => removeTokens(parts, tokens, actionOf('delete'))),
    noteInfo: onTokens((tokens, key: string, value: string | null) => noteInfo(parts, tokens, [key, value], actionOf('note'))),
    allowPolling: onTokens((tokens, value: string | null) => allowPolling(parts, tokens, value, actionOf('polling'))),
    async assign(asker, serial, change) {
      const token = scope && (await parts.store.findToken(serial));
      // A push token without a realm may be assigned by any administrator with the right for its new user.
      demand([realmsOf(change.owner), ...(token && token.realms.length > 0 ? [token.realms] : [])]);
      const assigned = await assignWithinLimits(
        parts,
        asker,
        { ...change, serial },
        { act: actionOf('assign'), undo: actionOf('unassign') },
      );
      if (assigned.kind === 'too-many-tokens') reportLimited('assign');
      return assigned;
    },
    unassign: onTokens((tokens) => unassignTokens(parts, tokens, actionOf('unassign'))),
    addAddress: (serial, address) => addAddress(parts, serial, address, actionOf('add-address')),
    removeAddress: (serial, id) => removeAddress(parts, serial, id, actionOf('remove-address')),
    async handOver(handover) {
      demand([realmsOf(handover)]);
      return handOver(parts, handover, actionOf('hand-over'));
    },
  };
}

const realmsOf = ({ realm }: { realm: string }): string[] => (realm === '' ? [] : [realm]);
