import type { LoadedConfig } from '../config/index.ts';
import { adminToken, mountUrl } from './admin-token.ts';
import { configFor } from './commands/config-option.ts';
import type { RemoteGateway, Terminal } from './terminal.ts';

/** Where a running gateway is reached, and as which administrator. */
export type GatewayAddress = {
  /** URL of the mount that serves this, without a slash at its end. */
  urlOf(serves: 'ops' | 'privacyidea', flavour?: 'edumfa'): string;
  /** A token of an administrator, for one call. */
  token(): Promise<string>;
  /** What to do where nothing answers, as a sentence. */
  whenSilent: string;
  /** Its configuration, where the command runs on the gateway's machine. */
  loaded?: LoadedConfig | undefined;
};

/** The gateway that `--server` names, else that of a configuration file. */
export const gatewayFor = async (file: string, terminal: Terminal): Promise<GatewayAddress> =>
  terminal.remote ? remoteAddress(terminal.remote) : localGateway(await configFor(file, terminal), terminal);

/** One URL, whatever is served there. */
const remoteAddress = ({ url, token }: RemoteGateway): GatewayAddress => ({
  urlOf: () => url,
  token: async () => token(),
  whenSilent: 'Is the URL right, and does the gateway run there?',
});

/** The gateway of a configuration: by the first mount that serves what is asked for. Whoever can read the keyring is an administrator. */
export const localGateway = (loaded: LoadedConfig, terminal: Terminal): GatewayAddress => ({
  urlOf: (serves, flavour) => mountUrl(loaded, serves, flavour),
  token: () => adminToken(loaded, terminal),
  whenSilent: 'Start it with: npx pushgate serve',
  loaded,
});
