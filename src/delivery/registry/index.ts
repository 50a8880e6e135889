export { checkProviders, definitionOf, guardDefaults, knownProviders, type ProviderEntry, providerConfig } from './config.ts';
export { exposeProviders, startProviders } from './provider-metrics.ts';
export type { ProviderStatus } from './provider-status.ts';
export { openRegistry, type Plan, type Registry, type RegistryOptions } from './registry.ts';
export { type RegistryProblem, tryProviders } from './try-open.ts';
export type { Attempt, Delivery, OutgoingPush } from './walk.ts';
