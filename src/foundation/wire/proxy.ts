import { GatewayFault } from '../model/index.ts';

/**
 * The value of `Proxy-Authorization`: `Basic …` from the user and password in the URL; undefined when it has none.
 * Throws `config-invalid` for an invalid percent escape.
 */
export function proxyAuthorization(proxy: string): string | undefined {
  const { username, password } = new URL(proxy);
  if (username === '') return undefined;
  const login = decoded(`${username}:${password}`);
  if (login === undefined) throw new GatewayFault('config-invalid', badLogin);
  return `Basic ${Buffer.from(login).toString('base64')}`;
}

/** Why a proxy's URL is unusable, without quoting it; undefined for a good one. */
export function proxyProblem(proxy: string): string | undefined {
  const url = URL.parse(proxy);
  if (!url || !/^https?:$/.test(url.protocol))
    return 'expected http://host:port or https://host:port, perhaps with user:password@ before the host';
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '') return 'a proxy has no path; remove everything after its host and port';
  return decoded(`${url.username}:${url.password}`) === undefined ? badLogin : undefined;
}

const badLogin = 'the user or password has a % that is not an escape; write % as %25, @ as %40, : as %3A, / as %2F';

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
