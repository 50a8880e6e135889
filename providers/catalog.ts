import challengeService from './challenge-service/provider.ts';
import pollOnly from './poll-only/provider.ts';

/** The kinds of provider that come along. */
export const catalog = [pollOnly, challengeService] as const;
