import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { portsFrom } from '../../src/cli/commands/fakes.ts';
import { fakesMaterial, writeFakes } from '../../src/cli/fakes-files.ts';
import { startFakes } from '../../src/fakes/index.ts';
import { type Cleanup, temporaryFolder } from '../kit/temporary.ts';

/** What the fakes write and say when they are started for others. */
export type FakesFolder = { out: string; certificate: X509Certificate; providers: Record<string, unknown>[] };

/**
 * Starts the fakes on free ports and writes their folder as `pushgate fakes --host HOST` does.
 * @returns `providers` as they would be with `folder` as the folder and the ports from `firstPort` on
 */
export async function givenFakesFolder(
  undo: Cleanup,
  { folder, host, firstPort }: { folder: string; host: string; firstPort: string },
): Promise<FakesFolder> {
  const out = join(temporaryFolder(undo), 'fakes');
  const material = await fakesMaterial(out, host);
  const fakes = await startFakes({ clock: Date.now, hostname: host, ...material });
  undo.later(() => fakes.close());
  const wanted = portsFrom(firstPort);
  const ports = new Map([
    [portOf(fakes.fcm.url), wanted.fcm],
    ...fakes.challengeService.urls.map((url, index) => [portOf(url), wanted.challengeService[index] ?? 0] as const),
  ]);
  const text = JSON.stringify(writeFakes(out, fakes))
    .replaceAll(out, folder)
    .replaceAll(/(?<=https:\/\/[\w-]+:)\d+/g, (port) => String(ports.get(Number(port)) ?? port));
  return { out, certificate: new X509Certificate(material.tls.certificate), providers: JSON.parse(text) };
}

const portOf = (url: string): number => Number(new URL(url).port);
