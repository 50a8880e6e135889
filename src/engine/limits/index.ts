export { type LimitScope, openSourceLimits, type SourceLimitSettings, type SourceLimits, sourceOf } from './source-limits.ts';
