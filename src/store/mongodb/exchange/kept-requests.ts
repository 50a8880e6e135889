import type { Collection } from 'mongodb';
import type { KeptRequest } from '../../../foundation/model/index.ts';
import type { ExchangeStore } from '../../exchange.ts';
import type { KeptRequestDocument } from '../collections.ts';
import { isDuplicate } from '../faults.ts';
import type { Session } from '../session.ts';

type KeptRequestStore = Pick<ExchangeStore, 'claimRequest' | 'keepRequest' | 'forgetRequest'>;

const isUnderWay = { resource: { $exists: false } } as const;

/** Kept requests: one document each. */
export function keptRequestStore({ run, collections: { keptRequests } }: Session): KeptRequestStore {
  return {
    claimRequest: (request, staleBefore) => run('claimRequest', () => claim(keptRequests, request, staleBefore)),
    keepRequest: (id, resource) =>
      run('keepRequest', async () => {
        await keptRequests.updateOne({ _id: id, ...isUnderWay }, { $set: { resource } });
      }),
    forgetRequest: (id, begunAt) =>
      run('forgetRequest', async () => {
        await keptRequests.deleteOne({ _id: id, begunAt, ...isUnderWay });
      }),
  };
}

/**
 * Replaces the request only if it may be taken over; the upsert of one that may not is a duplicate. That one may be
 * forgotten before it is read, and the claim starts again.
 */
async function claim(
  keptRequests: Collection<KeptRequestDocument>,
  request: KeptRequest,
  staleBefore: number,
): Promise<'claimed' | KeptRequest> {
  const document = keptRequestDocument(request);
  const mayTake = { $or: [{ ...isUnderWay, begunAt: { $lt: staleBefore } }, { endsAt: { $lte: request.begunAt } }] };
  for (;;) {
    try {
      await keptRequests.replaceOne({ _id: request.id, ...mayTake }, document, { upsert: true });
      return 'claimed';
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    const found = await keptRequests.findOne({ _id: request.id });
    if (found) return keptRequestOf(found);
  }
}

/** The document of a kept request. */
export const keptRequestDocument = ({ id, ...request }: KeptRequest): KeptRequestDocument => ({
  _id: id,
  ...request,
  cleanFrom: new Date(),
});

/** Reads a kept request from its document. */
export const keptRequestOf = ({ _id, cleanFrom: _cleanFrom, ...request }: KeptRequestDocument): KeptRequest => ({ id: _id, ...request });
