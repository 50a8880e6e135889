import { Command } from 'commander';
import { z } from 'zod';
import { issueApiToken, openTokens } from '../../edge/access/index.ts';
import { keyringOf } from '../../gateway/keyring.ts';
import { dataOutput, type JsonFlag } from '../output/index.ts';
import { type Terminal, WrongUsage } from '../terminal.ts';
import { configFor, configOption } from './config-option.ts';

type Wish = JsonFlag & { config: string; authServer: string; days: string };

const dayMs = 86_400_000;
const mostDays = 3650;

/** `pushgate callers …`: credentials of auth servers. Needs the keyring, but no running gateway. */
export function callersCommand(terminal: Terminal): Command {
  return new Command('callers')
    .addHelpText('after', '\nExample:\n  npx pushgate callers api-key keycloak-1 --auth-server keycloak')
    .addCommand(apiKeyCommand(terminal));
}

const made = dataOutput(z.object({ name: z.string(), authServer: z.string(), apiKey: z.string(), validUntil: z.iso.datetime() }));

function apiKeyCommand(terminal: Terminal): Command {
  return new Command('api-key')
    .description(
      'Print an API key in the form of privacyIDEA: a signed token of role validate, which the caller sends in the header Authorization.',
    )
    .argument('<name>', 'name of the program that will use it; the token contains it')
    .requiredOption('-s, --auth-server <name>', 'name of the auth server, as the configuration has it')
    .option('-d, --days <count>', 'how many days it is valid, 3650 at most', '365')
    .addOption(made.option())
    .addOption(configOption(terminal))
    .addHelpText('after', '\nExample:\n  npx pushgate callers api-key keycloak-1 --auth-server keycloak --days 90')
    .action(async (name: string, { config: file, authServer, days, json }: Wish) => {
      // Java clients decode the claims with plain base64, so letters that need the URL-safe alphabet are excluded.
      if (!/^[A-Za-z0-9._@-]{1,64}$/.test(name))
        throw new WrongUsage('a name has 1 to 64 letters, digits, dots, underscores, dashes and @.');
      if (!/^\d+$/.test(days) || Number(days) < 1 || Number(days) > mostDays)
        throw new WrongUsage(`--days takes a number from 1 to ${mostDays}, not ${JSON.stringify(days)}.`);
      const loaded = await configFor(file, terminal);
      const known = loaded.config.authServers.length > 0 ? loaded.config.authServers.map((server) => server.name) : ['local'];
      if (!known.includes(authServer))
        throw new WrongUsage(`there is no auth server "${authServer}"; the configuration has: ${known.join(', ')}`);
      const tokens = openTokens({ keyring: keyringOf(loaded, terminal.environment), clock: Date.now, trusted: [] });
      const lifeMs = Number(days) * dayMs;
      const validUntil = new Date(Date.now() + lifeMs).toISOString();
      const apiKey = await issueApiToken(tokens, { name, authServer }, lifeMs);
      made.print(terminal, { json }, { name, authServer, apiKey, validUntil }, () => terminal.out(apiKey));
    });
}
