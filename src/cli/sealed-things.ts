import { setTimeout as rest } from 'node:timers/promises';
import type { LoadedConfig } from '../config/index.ts';
import type { Keyring } from '../foundation/keyring/index.ts';
import { record, records } from '../foundation/model/index.ts';
import { keyringOf } from '../gateway/keyring.ts';
import { type KeyNeed, lookAtPage, type PageAsk, type SealedPage, secretKinds, type Unusable } from '../store/sealed.ts';
import { localGateway } from './gateway-address.ts';
import { atGatewayOrStore, openStoreThere } from './gateway-or-store.ts';
import { openProgress } from './output/index.ts';
import { CommandFailed, type Terminal } from './terminal.ts';

/** The sealed values of a store, page by page, through the running gateway or from the store itself. */
export type SealedThings = { keyring: Keyring; look(ask: PageAsk): Promise<SealedPage> };

/** How many values need each key, by key id. */
export type Needs = Map<string, Record<KeyNeed, number>>;

/** Opens the sealed values of a configuration's store and runs `work`. The store may belong to another keyring. */
export function withSealed(loaded: LoadedConfig, terminal: Terminal, work: (things: SealedThings) => Promise<void>): Promise<void> {
  const keyring = keyringOf(loaded, terminal.environment);
  return atGatewayOrStore(localGateway(loaded, terminal), {
    atGateway: (client) => work({ keyring, look: async (ask) => pageOf(await client.call('POST', '/ops/keyring/page', ask)) }),
    async inStore() {
      const store = await openStoreThere(loaded);
      try {
        await work({ keyring, look: (ask) => lookAtPage({ store, keyring }, ask) });
      } finally {
        await store.close();
      }
    },
  });
}

function pageOf({ current, after, needs, unusable, resealed }: Readonly<Record<string, unknown>>): SealedPage {
  const counts = Object.entries(record(needs)).map(([keyId, each]) => [keyId, record(each)] as const);
  return {
    current: String(current),
    after: typeof after === 'string' ? after : undefined,
    needs: Object.fromEntries(counts),
    unusable: records(unusable).map(({ what, keyId, why }) => ({
      what: String(what),
      keyId: String(keyId),
      why: why === 'changed' ? 'changed' : 'key missing',
    })),
    resealed: Number(resealed),
  };
}

/** Reads every record of these kinds. */
export async function lookAtAll(
  { look }: SealedThings,
  kinds: readonly PageAsk['kind'][],
  how: 'count' | 'open',
): Promise<{ needs: Needs; unusable: Unusable[] }> {
  const needs: Needs = new Map();
  const unusable: Unusable[] = [];
  for (const kind of kinds)
    for await (const page of pagesOf(look, { kind, how })) {
      for (const [keyId, each] of Object.entries(page.needs)) add(needs, keyId, each);
      unusable.push(...page.unusable);
    }
  return { needs, unusable };
}

function add(needs: Needs, keyId: string, more: Partial<Record<KeyNeed, number>>): void {
  const { secrets = 0, hashes = 0, logins = 0, audit = 0 } = more;
  const so = needs.get(keyId) ?? { secrets: 0, hashes: 0, logins: 0, audit: 0 };
  needs.set(keyId, {
    secrets: so.secrets + secrets,
    hashes: so.hashes + hashes,
    logins: so.logins + logins,
    audit: so.audit + audit,
  });
}

async function* pagesOf(look: SealedThings['look'], ask: PageAsk): AsyncGenerator<SealedPage> {
  for (let after: string | undefined; ; ) {
    const page = await look({ ...ask, after });
    yield page;
    if (page.after === undefined) return;
    after = page.after;
  }
}

/** Gateways may seal with an older key until all have loaded the new one. The next round finds those values. */
const mostRounds = 3;

/**
 * Seals values of older keys with the current key, and shows the progress. After each page it rests for as long as the
 * page took, to leave time for logins. An interrupted run can be repeated. Returns the values that cannot be opened and
 * stay as they are.
 */
export async function resealAll(things: SealedThings, terminal: Terminal): Promise<Unusable[]> {
  const { look, keyring } = things;
  let unusable: Unusable[] = [];
  for (let round = 0; round < mostRounds; round += 1) {
    const { needs } = await lookAtAll(things, secretKinds, 'count');
    const left = [...needs].reduce((sum, [keyId, { secrets }]) => sum + (keyring.isOlder(keyId) ? secrets : 0), 0);
    if (left <= unusable.length) break;
    const progress = openProgress(terminal, left, 'secrets');
    unusable = [];
    for (const kind of secretKinds) {
      let begun = performance.now();
      for await (const page of pagesOf(look, { kind, how: 'reseal' })) {
        demandCurrent(page, keyring);
        unusable.push(...page.unusable);
        progress.step(page.resealed);
        if (page.after !== undefined) await rest(performance.now() - begun);
        begun = performance.now();
      }
    }
    progress.end();
  }
  return unusable;
}

/** A gateway may read its keyring from another file than this command. */
function demandCurrent({ current }: SealedPage, { currentKeyId }: Keyring): void {
  if (current !== currentKeyId)
    throw new CommandFailed(
      `the running gateway seals with ${current}, not with ${currentKeyId}: it has not taken over the keyring, and its log says why. ` +
        'Then go on with: npx pushgate keyring reseal',
    );
}
