import { readVectors } from '../../../../kit/vectors.ts';
import type { Recorded } from './recorded.ts';
import { replays } from './replay.ts';

const { cases } = readVectors<{ privacyidea: { exchanges: { cases: Recorded[] } } }>('privacyidea.json').privacyidea.exchanges;

describe('vectors: the recorded exchanges of privacyIDEA 3.14', () => {
  replays(cases, [{ path: '/', serves: 'privacyidea', publicPoll: true }]);
});
