import assert from 'node:assert/strict';
import {
  decodeAgain,
  decodesTwice,
  expandTags,
  isTrue,
  piParams,
  resultAuthentication,
} from '../../../src/edge/formats/privacyidea/index.ts';
import { readVectors } from '../../kit/vectors.ts';

type Section = {
  second_decoding: { cases: { user_agent: string; value: string; result: string }[] };
  result_authentication: { value: unknown; detail: Record<string, unknown>; upstream: string }[];
  is_true: { value: unknown; upstream: boolean }[];
};
const vectors = readVectors<Record<'privacyidea' | 'edumfa', Section>>('privacyidea.json');

for (const name of ['privacyidea', 'edumfa'] as const) {
  const section = vectors[name];
  describe(`Format vectors of ${name}`, () => {
    it('decode values a second time for the clients that encode twice', () => {
      assert.ok(section.second_decoding.cases.length > 0);
      for (const { user_agent, value, result } of section.second_decoding.cases) {
        assert.equal(decodesTwice(user_agent, name) ? decodeAgain(value, 'utf-8', 'user') : value, result, `${user_agent}: ${value}`);
      }
    });

    it('contain the result of the authentication', () => {
      assert.ok(section.result_authentication.length > 0);
      for (const { value, detail, upstream } of section.result_authentication) assert.equal(resultAuthentication(value, detail), upstream);
    });

    it('recognize an accept', () => {
      assert.ok(section.is_true.length > 0);
      for (const { value, upstream } of section.is_true) assert.equal(isTrue(value), upstream, JSON.stringify(value));
    });
  });
}

describe('The second decoding', () => {
  it('decodes escapes only, and keeps broken ones', () => {
    const cases = [
      ['%zz%2', '%zz%2'],
      ['a+b', 'a+b'],
      ['%C3%BC', 'ü'],
      ['%25%34%31', '%41'],
      ['€%41', '€A'],
      ['%00', '\0'],
      ['%EF%BF%BD', '\ufffd'],
    ];
    for (const [value = '', result] of cases) assert.equal(decodeAgain(value, 'utf-8', 'pass'), result);
  });

  it('refuses bytes that are not UTF-8 with instructions, or reads them as Latin-1', () => {
    assert.throws(
      () => decodeAgain('a+b%c3&d', 'utf-8', 'pass'),
      /^UndecodableText: Parameter pass .* not UTF-8\. .* secondDecoding .*"never"/,
    );
    assert.equal(decodeAgain('gr%FCn', 'latin-1', 'pass'), 'grün');
  });

  it('depends on the name at the start of the user agent', () => {
    assert.deepEqual(
      ['simpleSAMLphp', 'SIMPLESAMLPHP/1', 'privacyidea-ldap-proxy', 'simplesamlphp2', '', ' x'].map((agent) =>
        decodesTwice(agent, 'privacyidea'),
      ),
      [false, false, false, true, true, true],
    );
    assert.deepEqual(
      ['simpleSAMLphp', 'simplesamlphp', 'eduMFA-cp/1.0', '', ' x'].map((agent) => decodesTwice(agent, 'edumfa')),
      [false, true, false, true, false],
    );
  });
});

describe('Parameters of a request', () => {
  const params = piParams(
    new Map<string, unknown>([
      ['text', 'a'],
      ['number', 1],
      ['yes', true],
      ['record', {}],
      ['list', []],
      ['nul', 'a\0'],
      ['null', null],
    ]),
  );

  it('are texts, whatever their JSON type', () => {
    assert.deepEqual(
      ['text', 'number', 'yes', 'null', 'gone'].map((name) => params.text(name)),
      ['a', '1', 'true', undefined, undefined],
    );
    assert.deepEqual(
      ['number', 'yes', 'text', 'gone'].map((name) => params.flag(name)),
      [true, true, false, false],
    );
  });

  it('are refused by name when they are missing or not a text', () => {
    assert.throws(() => params.required('gone'), { message: 'Missing parameter: gone', kind: 'parameter' });
    for (const name of ['record', 'list', 'nul']) assert.throws(() => params.text(name), { kind: 'parameter' });
  });
});

describe('Labels', () => {
  it('have filled tags, empty unknown ones, and unchanged other text', () => {
    const facts = { serial: 'S', user: 'u', realm: 'r' };
    assert.equal(expandTags('<s>/<u>@<r> {serial} {givenname}{what}', facts, 'label'), 'S/u@r S {what}');
    assert.equal(expandTags('<s> {realm}', facts, 'issuer'), '<s> r');
  });
});
