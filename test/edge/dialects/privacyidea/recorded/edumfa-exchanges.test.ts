import { readVectors } from '../../../../kit/vectors.ts';
import type { Recorded } from './recorded.ts';
import { replays } from './replay.ts';

const { cases } = readVectors<{ edumfa: { exchanges: { cases: Recorded[] } } }>('privacyidea.json').edumfa.exchanges;

describe('vectors: the recorded exchanges of eduMFA 2.9.5', () => {
  replays(cases, [{ path: '/', serves: 'privacyidea', flavour: 'edumfa', publicPoll: true }]);
});
