import type { TLSSocket } from 'node:tls';
import { openCache } from '../../foundation/cache/index.ts';
import { systemCode, type Tell } from '../../foundation/model/index.ts';
import { normalAddress } from '../../foundation/wire/networks.ts';

/** Whoever tries again and again would drown the rest (ms). */
const onceInMs = 60_000;
const most = 10_000;

/** Tells of TLS handshakes that failed, once a minute for each address and reason, with what the client showed of itself. */
export function tlsRefusals(listener: string, tell: Tell): (error: Error, socket: TLSSocket) => void {
  const toldAt = openCache<number>(most);
  return (error, socket) => {
    const client = normalAddress(socket.remoteAddress ?? '');
    const reason = systemCode(error);
    const key = `${client} ${reason}`;
    const now = performance.now();
    if (now < (toldAt.get(key) ?? Number.NEGATIVE_INFINITY) + onceInMs) return;
    toldAt.set(key, now);
    const shown = socket.getPeerX509Certificate();
    const certificate = shown && {
      subject: oneLine(shown.subject),
      issuer: oneLine(shown.issuer),
      validFrom: shown.validFrom,
      validTo: shown.validTo,
    };
    tell({ kind: 'tls-refused', listener, client, reason, certificate });
  };
}

const oneLine = (name: string): string => name.replaceAll('\n', ', ');
