import { once } from 'node:events';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import type { Client } from 'ldapts';
import { socketHost } from '../../../foundation/wire/networks.ts';
import { secureContextOf } from '../../../foundation/wire/secure-context.ts';
import { ldapts } from './library.ts';

/** One server and how to reach it. `ca` is PEM and replaces Node's authorities. */
export type LdapServer = { url: string; startTls: boolean; ca: string | undefined };

/** One connection. */
export type Session = {
  /**
   * Runs one operation. Rejects when the connection is lost. When `signal` fires the connection is closed, because a
   * late reply could not be matched.
   */
  run<T>(work: (client: Client) => Promise<T>, signal: AbortSignal): Promise<T>;
  isOpen(): boolean;
  close(): void;
};

const startTlsOid = '1.3.6.1.4.1.1466.20037';
const keepAliveMs = 60_000;

/**
 * Connects, with TLS if configured. The library gets a ready socket, because its own handshakes have no time limit, and
 * its reader would keep clear-text data from before StartTLS.
 */
export async function openSession({ url, startTls, ca }: LdapServer, signal: AbortSignal): Promise<Session> {
  const { protocol, hostname, port } = new URL(url);
  const host = socketHost({ hostname });
  const trust: ConnectionOptions = {
    host,
    ...(isIP(host) ? {} : { servername: host }),
    secureContext: secureContextOf({ ca }),
  };
  if (protocol === 'ldaps:') return sessionOf(await opened(connectTls({ ...trust, port: Number(port || 636) }), 'secureConnect', signal));
  const socket = await opened(connectTcp({ host, port: Number(port || 389) }), 'connect', signal);
  if (!startTls) return sessionOf(socket);
  try {
    await sessionOf(socket).run((client) => client.exop(startTlsOid), signal);
    socket.removeAllListeners('data');
    return sessionOf(await opened(connectTls({ ...trust, socket }), 'secureConnect', signal));
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function opened<S extends Socket>(socket: S, event: string, signal: AbortSignal): Promise<S> {
  try {
    await once(socket, event, { signal });
    return socket;
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  }
}

function sessionOf(socket: Socket): Session {
  socket.setKeepAlive(true, keepAliveMs).setMaxListeners(0);
  // The library does not listen to errors before its first operation.
  socket.on('error', () => undefined);
  const client = new (ldapts().Client)({ url: 'ldap://connected', createConnection: () => socket });
  return {
    run(work, signal) {
      return new Promise((resolve, reject) => {
        const cut = (): void => {
          socket.destroy();
          reject(signal.reason);
        };
        const lost = (): void => reject(new Error('the connection was lost'));
        if (signal.aborted) return cut();
        if (socket.readyState !== 'open') return lost();
        signal.addEventListener('abort', cut, { once: true });
        socket.once('close', lost);
        work(client)
          .then(resolve, reject)
          .finally(() => {
            signal.removeEventListener('abort', cut);
            socket.off('close', lost);
          });
      });
    },
    isOpen: () => socket.readyState === 'open',
    close: () => void socket.end().destroySoon(),
  };
}
