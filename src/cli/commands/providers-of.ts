import { catalog } from '../../../providers/catalog.ts';
import type { Config } from '../../config/index.ts';
import { definitionOf } from '../../delivery/registry/index.ts';
import type { ProviderFacts } from '../../engine/index.ts';

/** What a configuration says of its providers, without opening them. */
export const describeProviders = ({ providers }: Config): ProviderFacts[] =>
  providers.map(({ name, kind, default: isDefault }) => {
    const definition = definitionOf(catalog, kind);
    return { name, kind: definition.kind, default: isDefault, addresses: definition.addresses };
  });
