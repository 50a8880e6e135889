export { checkProviders, guardDefaults, knownProviders, type ProviderEntry, providerConfig } from './config.ts';
export { openRegistry, type Plan, type ProviderStatus, type Registry, type RegistryOptions } from './registry.ts';
export { type RegistryProblem, tryProviders } from './try-open.ts';
export type { Attempt, Delivery, OutgoingPush } from './walk.ts';
