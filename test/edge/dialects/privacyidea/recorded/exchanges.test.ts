import assert from 'node:assert/strict';
import { readVectors } from '../../../../kit/vectors.ts';
import { expectedOf, type Recorded, wronglySigned } from './recorded.ts';
import { replays } from './replay.ts';

const { cases } = readVectors<{ privacyidea: { exchanges: { cases: Recorded[] } } }>('privacyidea.json').privacyidea.exchanges;

describe('vectors: the recorded exchanges of privacyIDEA 3.14', () => {
  replays({
    cases,
    mounts: [{ path: '/', serves: 'privacyidea', publicPoll: true }],
    enrolment: { push_firebase_configuration: 'fb1', push_registration_url: 'https://pi.example.com/ttype/push' },
    wronglySigned,
    expectedOf: (index) => expectedOf(cases, index),
  });

  it('were replayed, all of them', () => assert.ok(cases.length >= 84));
});
