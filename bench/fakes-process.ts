import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** Fakes in their own process, so that their CPU is not counted for the gateway. */
export type FakesProcess = {
  /** The `providers` of a configuration that uses them. */
  providers: { name: string; kind: string; config: Record<string, unknown> }[];
  /** Sets a fault by the control call; undefined clears all faults. */
  fault(fault: object | undefined): Promise<void>;
  stop(): Promise<void>;
};

/** Starts `pushgate fakes` on free ports, with its files below `folder`. */
export async function startFakesProcess(folder: string): Promise<FakesProcess> {
  const child = spawn(process.execPath, ['bin/pushgate.mjs', 'fakes', '--out', join(folder, 'fakes'), '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    // Later output is a line per push, and is dropped.
    if (!text.includes('Ctrl-C')) text += chunk;
  });
  while (!text.includes('Ctrl-C')) await once(child.stdout, 'data');
  const control = /(http:\S+\/__control\/faults)/.exec(text)?.[1] ?? '';
  return {
    providers: JSON.parse(/"providers": (\[[\s\S]*?\n\])/.exec(text)?.[1] ?? '[]'),
    async fault(fault) {
      const reply = await fetch(control, fault ? { method: 'PUT', body: JSON.stringify(fault) } : { method: 'DELETE' });
      if (!reply.ok) throw new Error(`the fakes refuse the fault: ${await reply.text()}`);
    },
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
