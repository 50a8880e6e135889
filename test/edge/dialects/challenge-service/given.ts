import { issueClientCertificate } from '../../../../src/foundation/crypto/index.ts';
import { givenFakes } from '../../../fakes/fakes-kit.ts';
import { testAuthority } from '../../../kit/authority.ts';
import { givenGateway } from '../../../kit/gateway.ts';
import { linotpBody, linotpPost } from '../../../kit/linotp-server.ts';
import { relayParts } from '../../../kit/relay.ts';
import { type Cleanup, temporaryFolder } from '../../../kit/temporary.ts';
import { askTls, type TlsRequest } from '../../../kit/tls-client.ts';

/** What a test may change. */
export type RelayWishes = { push_provider?: string[]; whenDown?: 'drop'; actions?: object; settings?: object };

/**
 * A gateway that serves the auth server `linotp` over mutual TLS, with another auth server beside it, and fakes of all
 * push services.
 */
export async function givenRelay(undo: Cleanup, { push_provider, whenDown, actions = {}, settings = {} }: RelayWishes = {}) {
  const { fakes } = await givenFakes(undo);
  const parts = await relayParts(temporaryFolder(undo), fakes);
  const mount = { path: '/', serves: 'challenge-service', ...(whenDown ? { whenDown } : {}) };
  const rule = { ...(push_provider ? { push_provider } : {}), ...actions };
  const given = await givenGateway(undo, {
    settings,
    policies: [
      {
        name: 'relay',
        scope: 'authentication',
        match: { dialect: ['challenge-service'] },
        actions: { push_allow_polling: 'allow', ...rule },
      },
    ],
    more: {
      listeners: [
        { address: '127.0.0.1:0', mounts: [{ path: '/', serves: 'privacyidea' }, mount, { path: '/', serves: 'ops' }] },
        { address: 'localhost:0', mounts: [mount], tls: parts.tls },
      ],
      providers: [...parts.providers, { name: 'poll', kind: 'poll-only', config: {} }],
      authServers: [...parts.authServers, { name: 'other', certificates: [{ subject: 'CN=other' }], mounts: ['/'] }],
    },
  });
  const { authority } = await testAuthority();
  const other = await issueClientCertificate(authority, { name: 'other', now: Date.now() });
  const [, url = ''] = given.gateway.urls;
  const ask = (path: string, over: Partial<TlsRequest> = {}) => askTls({ url: `${url}${path}`, ...parts.linotp, ...over });
  const challenge = (transactionId: string, gda: string, text = 'lseqr://push/AgAAAA') =>
    linotpPost(`${url}/v1/challenge`, linotpBody(transactionId, gda, text), parts.linotp);
  const put = (gda: string, body: object, over: Partial<TlsRequest> = {}) =>
    ask(`/v1/devices/${encodeURIComponent(gda)}`, { method: 'PUT', body: JSON.stringify(body), ...over });
  return { ...given, fakes, linotp: parts.linotp, tls: parts.tls, other, url, ask, challenge, put };
}

/** A transaction id as LinOTP makes them. */
export const newId = (): string => `4${String(Math.floor(Math.random() * 1e16)).padStart(16, '0')}`;
