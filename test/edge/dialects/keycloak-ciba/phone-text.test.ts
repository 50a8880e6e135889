import assert from 'node:assert/strict';
import { keycloakConfig } from '../../../../src/edge/dialects/keycloak-ciba/config.ts';
import { numberIn, phoneText } from '../../../../src/edge/dialects/keycloak-ciba/phone-text.ts';
import { readBackchannel } from '../../../../src/edge/dialects/keycloak-ciba/request-body.ts';

describe('What the phone shows of a request of Keycloak', () => {
  const config = keycloakConfig.parse({ name: 'shop', issuer: 'https://sso.example.com/realms/shop' });
  const read = (body: object) => readBackchannel(JSON.stringify({ login_hint: 'alice', is_consent_required: false, ...body }));
  const shownFor = (body: object, client = 'till-7'): string => {
    const request = read(body);
    assert.ok(request);
    return phoneText(request, { config, client, isHidden: false }).question;
  };

  it('has no control characters and no marks of text direction of strangers', () => {
    const question = shownFor({ binding_message: 'A\u202eB\nClient: Bank' }, 'till\u0007\n7');
    assert.deepEqual(question.split('\n').slice(1), ['Client: till 7', 'Realm: shop', 'Message: A B Client: Bank']);
  });

  it('says that there is nothing to compare when the message is invisible', () => {
    for (const message of ['', '  ', '\u200b', '\u202e\n'])
      assert.match(shownFor({ binding_message: message }), /Message: \(none: nothing to compare\)$/);
  });

  it('is never too long for a phone: some scopes are counted instead', () => {
    const scopes = Array.from({ length: 200 }, (_, index) => `scope-${index}-é`);
    const question = shownFor({ scope: scopes.join(' '), is_consent_required: true });
    assert.ok(Buffer.byteLength(question) <= 511, `${Buffer.byteLength(question)} bytes`);
    const [, shown = '', more] = /Allows: (.*) and (\d+) more$/.exec(question) ?? [];
    assert.equal(shown.split(' ').length + Number(more), 200);
  });

  const numbers: [string | null | undefined, string | undefined][] = [
    ['42', '42'],
    ['07', '07'],
    ['7', '7'],
    ['123', undefined],
    ['4a', undefined],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
  ];
  for (const [message, number] of numbers)
    it(`${number === undefined ? 'is no number' : 'is a number to pick'} with the message ${JSON.stringify(message)}`, () => {
      const request = read({ binding_message: message });
      assert.ok(request);
      assert.equal(numberIn(request), number);
    });

  const broken: [string, string][] = [
    ['no JSON', 'login_hint=alice'],
    ['a list', '[]'],
    ['no user', '{}'],
    ['an empty user', '{"login_hint":" "}'],
    ['a user that is no text', '{"login_hint":7}'],
    ['a message that is no text', '{"login_hint":"alice","binding_message":{}}'],
  ];
  for (const [what, body] of broken) it(`is nothing for a body with ${what}`, () => assert.equal(readBackchannel(body), undefined));
});
