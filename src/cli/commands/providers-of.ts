import type { Catalog, Config } from '../../config/index.ts';
import { definitionOf } from '../../delivery/registry/index.ts';
import type { ProviderFacts } from '../../engine/index.ts';

/** The facts that a configuration states about its providers. Opens none of them. */
export const describeProviders = ({ providers }: Config, catalog: Catalog): ProviderFacts[] =>
  providers.map(({ name, kind, default: isDefault }) => {
    const definition = definitionOf(catalog, kind);
    return { name, kind: definition.kind, default: isDefault, addresses: definition.addresses };
  });
