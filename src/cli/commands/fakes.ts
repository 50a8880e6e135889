import { Command } from 'commander';
import { type Exchange, type Fakes, hexAddress, type Ports, startFakes } from '../../fakes/index.ts';
import { fakesMaterial, writeFakes } from '../fakes-files.ts';
import { CommandFailed, type Terminal, WrongUsage } from '../terminal.ts';

/** `pushgate fakes`: runs fake push services on this machine until it is stopped. */
export function fakesCommand(terminal: Terminal): Command {
  return new Command('fakes')
    .option('-o, --out <folder>', 'folder of their keys and certificates', 'data/fakes')
    .option('-p, --port <port>', 'first of six ports in a row; 0 takes any free ports', '9440')
    .option('--host <name>', 'name by which other machines (containers) reach the fakes; without it only this machine can')
    .addHelpText('after', `\n${faultHelp}\n\nExample:\n  npx pushgate fakes --out data/fakes --port 9440`)
    .action(async ({ out, port, host }: { out: string; port: string; host?: string }) => {
      const ports = portsFrom(port);
      const material = await fakesMaterial(out, host);
      const forOthers = host === undefined ? {} : { host: '0.0.0.0', hostname: host };
      const stop = terminal.stopRequested();
      const onExchange = (exchange: Exchange): void => terminal.out(exchangeLine(exchange));
      const fakes = await startFakes({ clock: Date.now, ports, ...forOthers, ...material, onExchange }).catch((error: unknown) =>
        noPorts(error),
      );
      terminal.out(banner(fakes, writeFakes(out, fakes)));
      await stop;
      await fakes.close();
    });
}

const faultHelp = [
  'A device address can ask for a fault: fault:status=503,retryAfter=7, fault:hang, fault:reset, fault:goaway, fault:delayMs=3000,',
  `fault:slowBody=100. For APNs the same in hex: ${hexAddress('fault:status=503')}`,
].join('\n');

/**
 * The ports of the fakes, counted from the given one; 0 for any free ports. Throws `CommandFailed` for a text that is
 * not a number.
 */
export function portsFrom(text: string): Ports {
  const first = Number(text);
  if (!/^\d+$/.test(text) || first > 65_530) throw new WrongUsage('--port takes a number from 0 to 65530.');
  const at = (offset: number): number => (first === 0 ? 0 : first + offset);
  return { control: at(0), fcm: at(1), apns: at(2), apnsSandbox: at(3), challengeService: [at(4), at(5)] };
}

function noPorts(error: unknown): never {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'EADDRINUSE' || code === 'EACCES')
    throw new CommandFailed(`one of the ports cannot be had (${code}). Name another first port with --port, or 0 for any.`);
  throw error;
}

function banner({ controlUrl, fcm, apns, challengeService }: Fakes, providers: object[]): string {
  return [
    `FCM                ${fcm.url}`,
    `APNs               ${apns.productionUrl} (production), ${apns.sandboxUrl} (sandbox)`,
    `Challenge service  ${challengeService.urls.join(', ')}`,
    '',
    'For the configuration of a gateway:',
    `"providers": ${JSON.stringify(providers, null, 2)}`,
    '',
    'An outage, and its end:',
    `  curl -X PUT ${controlUrl}/__control/faults -d '{"fake":"fcm","status":503}'`,
    `  curl -X DELETE ${controlUrl}/__control/faults`,
    '',
    'What comes is shown here. Stop with Ctrl-C.',
  ].join('\n');
}

function exchangeLine({ fake, at, outcome, what, status, address }: Exchange): string {
  const time = new Date(at).toISOString().slice(11, 19);
  return [time, fake.padEnd(17), String(status ?? '---'), outcome.padEnd(8), ending(address), what].join('  ');
}

/** The last characters of a device address; the whole address is never shown. */
function ending(address = ''): string {
  const shown = Math.min(4, Math.floor(address.length / 3));
  return `…${shown === 0 ? '' : address.slice(-shown)}`.padEnd(5);
}
