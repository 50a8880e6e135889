import pollOnly from './poll-only/provider.ts';

/** The kinds of provider that come along. */
export const catalog = [pollOnly] as const;
