import type { KeptRequest } from '../../../foundation/model/index.ts';
import type { ExchangeStore } from '../../exchange.ts';
import type { Row, Session } from '../session.ts';

type KeptRequestStore = Pick<ExchangeStore, 'claimRequest' | 'keepRequest' | 'forgetRequest'>;

/** Kept requests: one row each. */
export function keptRequestStore(session: Session): KeptRequestStore {
  const { get, run, write } = session;
  return {
    claimRequest: (request, staleBefore) =>
      write('claimRequest', () => {
        const row = get('SELECT * FROM kept_requests WHERE id = ?', request.id);
        const found = row && keptRequestOf(row);
        const isStale = found?.resource === undefined && (found?.begunAt ?? 0) < staleBefore;
        if (found && !isStale && found.endsAt > request.begunAt) return found;
        saveKeptRequest(run, request);
        return 'claimed';
      }),
    keepRequest: (id, resource) =>
      write('keepRequest', () => {
        run('UPDATE kept_requests SET resource = ? WHERE id = ? AND resource IS NULL', resource, id);
      }),
    forgetRequest: (id, begunAt) =>
      write('forgetRequest', () => {
        run('DELETE FROM kept_requests WHERE id = ? AND begun_at = ? AND resource IS NULL', id, begunAt);
      }),
  };
}

/** Reads a kept request from its row. */
export const keptRequestOf = ({ id, digest, resource, begun_at, ends_at }: Row): KeptRequest => ({
  id: String(id),
  digest: String(digest),
  ...(resource === null ? {} : { resource: String(resource) }),
  begunAt: Number(begun_at),
  endsAt: Number(ends_at),
});

/** Writes a kept request, replacing an existing one. */
export const saveKeptRequest = (run: Session['run'], { id, digest, resource, begunAt, endsAt }: KeptRequest): number =>
  run(
    'INSERT OR REPLACE INTO kept_requests (id, digest, resource, begun_at, ends_at) VALUES (?, ?, ?, ?, ?)',
    id,
    digest,
    resource ?? null,
    begunAt,
    endsAt,
  );
