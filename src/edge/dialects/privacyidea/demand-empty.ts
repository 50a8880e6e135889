import { PiFault, type PiParams } from '../../formats/privacyidea/index.ts';

/** Refuses (905) parameters that the server would follow and this gateway cannot, where they are not empty; `why` says by name what is not here. */
export function demandEmpty(params: PiParams, why: Readonly<Record<string, string>>): void {
  for (const [name, because] of Object.entries(why))
    if (params.text(name)) throw new PiFault('parameter', `${because}; leave ${name} out.`);
}
