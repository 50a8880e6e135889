import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { startFakes } from '../../fakes/index.ts';
import { outagePolicies, outageStory } from '../demo/outage-story.ts';
import { freePort, play } from '../demo/stage.ts';
import { pollOnlySetting, wholeStory } from '../demo/whole-story.ts';
import { fakesMaterial, writeFakes } from '../fakes-files.ts';
import type { Terminal } from '../terminal.ts';

/** `pushgate demo`: plays a story in one process, on free ports, in a temporary folder. */
export function demoCommand(terminal: Terminal): Command {
  return new Command('demo')
    .option('--with-fakes', 'play another story, with fakes of the push services: what happens to a push when things break')
    .addHelpText('after', '\nExample:\n  npm run demo\n  npm run demo -- --with-fakes')
    .action(async ({ withFakes }: { withFakes?: true }) => {
      const folder = mkdtempSync(join(tmpdir(), 'pushgate-demo-'));
      const place = { folder, terminal };
      try {
        if (withFakes) await amongFakes(place);
        else await play({ ...place, ...pollOnlySetting }, wholeStory);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
}

async function amongFakes(place: { folder: string; terminal: Terminal }): Promise<void> {
  const out = join(place.folder, 'fakes');
  const fakes = await startFakes({ clock: Date.now, ...(await fakesMaterial(out)) });
  try {
    const deadUrl = `https://localhost:${await freePort()}/v1/challenge`;
    const [liveUrl = ''] = fakes.challengeService.urls;
    const reachable = { ...fakes, challengeService: { urls: [deadUrl, liveUrl] } };
    const providers = writeFakes(out, reachable);
    await play({ ...place, providers, policies: outagePolicies }, (cast) => outageStory(cast, fakes, deadUrl));
  } finally {
    await fakes.close();
  }
}
