export {
  failureCeiling,
  failuresOfAll,
  type Guessed,
  type GuessLimits,
  type Lockout,
  openGuessLimits,
} from './guess-limits.ts';
export { type LimitScope, limitedSource, openSourceLimits, type SourceLimitSettings, type SourceLimits } from './source-limits.ts';
