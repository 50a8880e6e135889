import { Command } from 'commander';
import { issueApiToken, openTokens } from '../../edge/access/index.ts';
import { keyringOf } from '../../gateway/keyring.ts';
import { CommandFailed, type Terminal } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';

type Wish = { config: string; authServer: string; days: string };

const dayMs = 86_400_000;
const mostDays = 3650;

/** `pushgate callers …`: credentials of auth servers. Needs no running gateway: whoever can read the keyring may make them. */
export function callersCommand(terminal: Terminal): Command {
  return new Command('callers')
    .addHelpText('after', '\nExample:\n  npx pushgate callers api-key keycloak-1 --auth-server keycloak')
    .addCommand(apiKeyCommand(terminal));
}

function apiKeyCommand(terminal: Terminal): Command {
  return new Command('api-key')
    .description('Print an API key as privacyIDEA has them: a signed token of role validate, to be sent as Authorization.')
    .argument('<name>', 'who will use it; stands in the token')
    .requiredOption('-s, --auth-server <name>', 'the auth server of the configuration that it speaks for')
    .option('-d, --days <count>', 'how long it is good for', '365')
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate callers api-key keycloak-1 --auth-server keycloak --days 90')
    .action(async (name: string, { config: file, authServer, days }: Wish) => {
      // Clients of Java decode its claims with plain base64: letters that would need the other alphabet are left out.
      if (!/^[A-Za-z0-9._@-]{1,64}$/.test(name))
        throw new CommandFailed('a name has 1 to 64 letters, digits, dots, underscores, dashes and @.');
      if (!/^\d+$/.test(days) || Number(days) < 1 || Number(days) > mostDays)
        throw new CommandFailed(`--days ${days} is no count of days from 1 to ${mostDays}.`);
      const loaded = await configFor(file, terminal);
      const known = loaded.config.authServers.length > 0 ? loaded.config.authServers.map((server) => server.name) : ['local'];
      if (!known.includes(authServer))
        throw new CommandFailed(`there is no auth server "${authServer}"; the configuration has: ${known.join(', ')}`);
      const tokens = openTokens({ keyring: keyringOf(loaded, terminal.environment), clock: Date.now, trusted: [] });
      terminal.out(await issueApiToken(tokens, { name, authServer }, Number(days) * dayMs));
    });
}
