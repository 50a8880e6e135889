import type { LoadedConfig } from '../config/index.ts';
import { adminToken, mountUrl } from './admin-token.ts';
import { configFor } from './commands/config-option.ts';
import type { RemoteGateway, Terminal } from './terminal.ts';

/** The address of a running gateway, and the administrator to call it as. */
export type GatewayAddress = {
  /** URL of the mount that serves this dialect, without a slash at the end. */
  urlOf(serves: 'ops' | 'privacyidea', flavour?: 'edumfa'): string;
  /** An administrator token for one call. */
  token(): Promise<string>;
  /** Advice for a gateway that does not answer, as a sentence. */
  whenSilent: string;
  /** Its configuration, if the command runs on the gateway's machine. */
  loaded?: LoadedConfig | undefined;
};

/** The gateway that `--server` names, else the gateway of a configuration file. */
export const gatewayFor = async (file: string, terminal: Terminal): Promise<GatewayAddress> =>
  terminal.remote ? remoteAddress(terminal.remote) : localGateway(await configFor(file, terminal), terminal);

/** One URL for every dialect. */
const remoteAddress = ({ url, token }: RemoteGateway): GatewayAddress => ({
  urlOf: () => url,
  token: async () => token(),
  whenSilent: 'Is the URL right, and does the gateway run there?',
});

/**
 * The gateway of a configuration, at the first mount with the right dialect. The administrator token is made with the
 * keyring.
 */
export const localGateway = (loaded: LoadedConfig, terminal: Terminal): GatewayAddress => ({
  urlOf: (serves, flavour) => mountUrl(loaded, serves, flavour),
  token: () => adminToken(loaded, terminal),
  whenSilent: 'Start it with: npx pushgate serve',
  loaded,
});
