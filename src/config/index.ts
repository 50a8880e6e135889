export { checkConfig, inspectConfig, type LoadedConfig, loadConfig } from './load.ts';
export { type Problem, pathText, problemText } from './problem.ts';
export { type Config, configSchema } from './schema.ts';
export { type Environment, readSecret } from './secrets.ts';
