import type { LoadedConfig } from '../config/index.ts';
import { issueKeyringToken, openTokens } from '../edge/access/index.ts';
import { localUrl } from '../edge/http/host-and-port.ts';
import { readKeyring } from '../gateway/keyring.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

const tokenLifeMs = 60_000;

/** A short-lived administrator token. Read access to the keyring is enough to make one. */
export async function adminToken(loaded: LoadedConfig, { environment }: Terminal): Promise<string> {
  const keyring = readKeyring(loaded, environment);
  if (!keyring.ok)
    throw new CommandFailed(`keyring: ${keyring.error}. The first start of the gateway makes it: npx pushgate serve`, 'config');
  const tokens = openTokens({ keyring: keyring.value, clock: Date.now, trusted: [] });
  return issueKeyringToken(tokens, 'cli', tokenLifeMs);
}

type MountConfig = LoadedConfig['config']['listeners'][number]['mounts'][number];

/** Whether the running gateway has an operator interface. */
export const servesOps = ({ config }: LoadedConfig): boolean =>
  config.listeners.some(({ mounts }) => mounts.some(({ serves }) => serves === 'ops'));

/**
 * The URL of the first mount that serves this dialect (in this flavour, if given), as this machine reaches it. A plain
 * HTTP listener is preferred.
 */
export function mountUrl({ config, file }: LoadedConfig, wanted: MountConfig['serves'], flavour?: MountConfig['flavour']): string {
  const [plain, secure] = [config.listeners.filter(({ tls }) => !tls), config.listeners.filter(({ tls }) => tls)];
  for (const { address, mounts, tls } of [...plain, ...secure]) {
    const mount = mounts.find(
      (each) => each.serves === wanted && each.phones !== 'only' && (flavour === undefined || each.flavour === flavour),
    );
    if (mount) return `${localUrl(address, tls !== undefined)}${mount.path === '/' ? '' : mount.path}`;
  }
  throw new CommandFailed(
    `${file} has no mount that serves ${wanted}${flavour === undefined ? '' : ` with the flavour ${flavour}`}. Add one, or name another file with --config.`,
    'config',
  );
}
