import { runCommand } from './cli/index.ts';
import { startGateway } from './gateway/start.ts';

process.exitCode = await runCommand(process.argv.slice(2), { startGateway });
