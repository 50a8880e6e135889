import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import { type RemoteGateway, type Terminal, WrongUsage } from './terminal.ts';

/** Commands that need only a running gateway: they take `--server`. */
const remoteCommands: readonly string[] = [
  'tokens',
  'transactions',
  'stats',
  'limits',
  'people',
  'providers',
  'policy',
  'doctor',
  'audit',
  'accounts',
  'login',
];

type ServerOptions = { server?: string; token?: string; tokenFile?: string };

/**
 * Adds the options for a gateway on another machine to a command and all its subcommands. The options, else the
 * variables PUSHGATE_SERVER, PUSHGATE_TOKEN and PUSHGATE_TOKEN_FILE, set `terminal.remote` before the command runs.
 * `--config` takes precedence over the variables. A command that needs the gateway's own files refuses `--server`.
 */
export function addServerOptions(leaf: Command, path: readonly string[], terminal: Terminal): void {
  if (leaf.commands.length > 0 || !leaf.options.some(({ long }) => long === '--config')) return;
  const [first = ''] = path;
  if (!remoteCommands.includes(first)) {
    leaf.addOption(new Option('--server <url>').hideHelp().argParser(() => refuseServer(first)));
    return;
  }
  leaf
    .addOption(new Option('--server <url>', 'the gateway on another machine, instead of --config; or the variable PUSHGATE_SERVER'))
    .addOption(new Option('--token-file <file>', 'with --server: file with a token of an administrator; or PUSHGATE_TOKEN_FILE'))
    .addOption(new Option('--token <token>', 'the token itself, which other users of this machine may see; or PUSHGATE_TOKEN'))
    .hook('preAction', (_, running) => {
      const isLocal = running.getOptionValueSource('config') === 'cli';
      terminal.remote = remoteGateway(running.opts(), isLocal, terminal);
    });
}

function refuseServer(command: string): never {
  throw new WrongUsage(
    `${command} works with the configuration, the keyring or the store itself, so it takes no --server. Run it on the gateway's machine.`,
  );
}

function remoteGateway(options: ServerOptions, isLocal: boolean, terminal: Terminal): RemoteGateway | undefined {
  const { PUSHGATE_SERVER: usual, PUSHGATE_TOKEN: token, PUSHGATE_TOKEN_FILE: file } = terminal.environment;
  const named = options.server ?? (isLocal ? undefined : usual || undefined);
  if (named === undefined) {
    if (options.token !== undefined || options.tokenFile !== undefined) throw new WrongUsage('a token goes with --server URL.');
    return undefined;
  }
  if (options.server !== undefined && isLocal) throw new WrongUsage('give either --server or --config.');
  if (options.token !== undefined && options.tokenFile !== undefined) throw new WrongUsage('give either --token or --token-file.');
  const own =
    options.token !== undefined || options.tokenFile !== undefined ? options : { token: token || undefined, tokenFile: file || undefined };
  return { url: serverUrl(named, terminal), token: () => readToken(own) };
}

/** The URL without a slash at the end. Warns if it would send the token unencrypted. */
function serverUrl(text: string, terminal: Terminal): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol) || url.search + url.hash + url.username + url.password !== '')
    throw new WrongUsage(`--server takes a URL such as https://gateway.example.com:8443, not ${JSON.stringify(text)}.`);
  if (url.protocol === 'http:' && !/^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname))
    terminal.err(`warning: ${url.origin} is not encrypted, so the network can read the token. Use https.`);
  return url.href.replace(/\/+$/, '');
}

function readToken({ token, tokenFile }: { token?: string | undefined; tokenFile?: string | undefined }): string {
  const text = token ?? (tokenFile === undefined ? undefined : readTokenFile(tokenFile));
  if (text === undefined)
    throw new WrongUsage(
      'a token of an administrator is missing. Get one with: npx pushgate accounts login NAME --server URL --token-file FILE',
    );
  if (/^[\x21-\x7e]+$/.test(text.trim())) return text.trim();
  throw new WrongUsage(`${tokenFile === undefined ? 'the token' : `what is in ${tokenFile}`} is not a token.`);
}

function readTokenFile(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    throw new WrongUsage(`cannot read ${file}. Name a file with a token, as "accounts login" writes it.`);
  }
}
