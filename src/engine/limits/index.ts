export { type LimitScope, openSourceLimits, type SourceLimitSettings, type SourceLimits } from './source-limits.ts';
