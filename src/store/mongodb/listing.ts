import type { Filter, Sort } from 'mongodb';
import { foldedName, foldedRealm } from '../../foundation/model/index.ts';
import type { Page, PushTokenFilter, TransactionFilter } from '../store.ts';
import type { TokenDocument, TransactionDocument } from './collections.ts';

/**
 * For lists and hints: they may be read from a secondary when there is no primary. Reads that decide a login may not.
 */
export const forPeople = { readPreference: 'primaryPreferred' } as const;

/**
 * The conditions of a list. Only `*` is a wildcard; texts are compared in lower case, so that an index serves the part
 * before it.
 */
export function conditionsOf(filter: PushTokenFilter): Filter<TokenDocument> {
  return {
    ...(filter.serial === undefined ? {} : { 'lower.serial': glob(filter.serial.toLowerCase()) }),
    ...(filter.afterSerial === undefined ? {} : { _id: { $gt: filter.afterSerial } }),
    ...(filter.user === undefined ? {} : { 'lower.user': glob(foldedName(filter.user)) }),
    ...(filter.ownerKeys === undefined ? {} : { ownerKeys: { $in: [...filter.ownerKeys] } }),
    ...(filter.realm === undefined ? {} : { 'lower.realm': foldedRealm(filter.realm) }),
    ...(filter.tokenRealm === undefined ? {} : { realms: anyCase(filter.tokenRealm) }),
    ...(filter.inRealms === undefined ? {} : ofRealms(filter.inRealms)),
    ...ofResolvers(filter),
    ...(filter.type === undefined ? {} : { type: filter.type }),
    ...(filter.rollout === undefined ? {} : { rollout: filter.rollout }),
    ...(filter.enabled === undefined ? {} : { enabled: filter.enabled }),
    ...(filter.assigned === undefined ? {} : { owner: { $exists: filter.assigned } }),
  };
}

function ofRealms(names: readonly string[]): Filter<TokenDocument> {
  const each = names.map((name) => ({ realms: name === '' ? { $size: 0 } : anyCase(name) }));
  return each.length === 0 ? { _id: { $in: [] } } : { $or: each };
}

function ofResolvers({ resolver, notResolvers = [] }: PushTokenFilter): Filter<TokenDocument> {
  const isNot = notResolvers.length === 0 ? {} : { $nin: [...notResolvers] };
  const is = resolver === undefined ? {} : { $eq: resolver };
  return resolver === undefined && notResolvers.length === 0 ? {} : { 'owner.resolver': { ...is, ...isNot } };
}

/**
 * The conditions of a list of transactions, without `fits`. A transaction created after `since` also ends after it, and
 * an index serves the end.
 */
export const transactionConditions = ({ user, realms, serial, since }: TransactionFilter): Filter<TransactionDocument> => ({
  ...(user === undefined ? {} : { $or: [{ user: anyCase(user) }, { typed: anyCase(user) }] }),
  ...(realms === undefined ? {} : { realm: { $in: [...realms] } }),
  ...(serial === undefined ? {} : { 'decision.challenges.serial': serial }),
  ...(since === undefined ? {} : { createdAt: { $gte: since }, 'decision.finishUntil': { $gte: since } }),
});

/** A whole text, case-insensitive; for lists for people, without an index. */
const anyCase = (text: string) => ({ $regex: `^${escaped(text)}$`, $options: 'is' });

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

/** The order of a list; equal entries are sorted by serial in the same direction, so that one index serves both. */
export function orderOf({ sortBy, descending }: Page): Sort {
  const direction = descending ? -1 : 1;
  if (sortBy === 'serial') return { _id: direction };
  return { [sortBy === 'user' ? 'owner.user' : sortBy]: direction, _id: direction };
}

function glob(text: string): string | { $regex: string; $options: string } {
  if (!text.includes('*')) return text;
  const parts = text.split(/\*+/).map(escaped);
  return { $regex: `^${parts.join('.*')}$`, $options: 's' };
}
