import assert from 'node:assert/strict';
import { readVectors } from '../../../../kit/vectors.ts';
import { expectedOf, wronglySigned } from './edumfa-recorded.ts';
import type { Recorded } from './recorded.ts';
import { replays } from './replay.ts';

const { cases } = readVectors<{ edumfa: { exchanges: { cases: Recorded[] } } }>('privacyidea.json').edumfa.exchanges;

describe('vectors: the recorded exchanges of eduMFA 2.9.5', () => {
  replays({
    cases,
    mounts: [{ path: '/', serves: 'privacyidea', flavour: 'edumfa', publicPoll: true }],
    enrolment: { edupush_firebase_configuration: 'fb1', edupush_registration_url: 'https://pi.example.com/ttype/edupush' },
    wronglySigned,
    expectedOf: (index) => expectedOf(cases, index),
  });

  it('were replayed, all of them', () => assert.ok(cases.length >= 72));
});
