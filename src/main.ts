import { runCommand } from './cli/index.ts';
import { startGateway } from './gateway.ts';

process.exitCode = await runCommand(process.argv.slice(2), { startGateway });
