export { checkConfig, inspectConfig, inspectText, type LoadedConfig, loadConfig } from './load.ts';
export type { Catalog } from './plugins.ts';
export { type Problem, pathText, problemText } from './problem.ts';
export { type Config, configSchemaOf, workersOf } from './schema.ts';
export { type Environment, readSecret } from './secrets.ts';
