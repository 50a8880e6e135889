export { checkProviders, guardDefaults, type ProviderEntry, providerConfig } from './config.ts';
export { openRegistry, type Plan, type ProviderStatus, type Registry, type RegistryOptions } from './registry.ts';
export type { Attempt, Delivery, OutgoingPush } from './walk.ts';
