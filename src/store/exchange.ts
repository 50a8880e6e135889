import type { KeptRequest } from '../foundation/model/index.ts';

/** The part of a store for the exchange with auth servers that call or are called over REST. */
export type ExchangeStore = {
  /**
   * Adds a request, or takes over one that has no resource and began before `staleBefore`, or one that ended by the
   * request's `begunAt`. Otherwise returns the stored one. Of concurrent callers one gets `claimed`.
   */
  claimRequest(request: KeptRequest, staleBefore: number): Promise<'claimed' | KeptRequest>;
  /** Records the resource of a request, unless it has one. */
  keepRequest(id: string, resource: string): Promise<void>;
  /** Removes a request without a resource that began at `begunAt`: not the one that took it over. */
  forgetRequest(id: string, begunAt: number): Promise<void>;
};
