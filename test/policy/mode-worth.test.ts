import assert from 'node:assert/strict';
import { z } from 'zod';
import { modesWorth, ruleConfig } from '../../src/policy/index.ts';

describe('What a mode is worth', () => {
  const pick = { push_require_presence: true };
  const cases: { title: string; rules: object[]; says: RegExp[] }[] = [
    { title: 'no rule at all', rules: [], says: [] },
    { title: 'ten options', rules: [pick], says: [/one of 10 options\. It does not meet NIST.*a blind tap is right 2 times in 10/] },
    {
      title: 'three options',
      rules: [{ ...pick, push_presence_num_options: 3 }],
      says: [/one of 3 options\. It does not meet NIST SP 800-63B-4, 3\.1\.3.*right 1 time in 3/],
    },
    { title: 'a number in another rule', rules: [pick, { push_presence_num_options: 4 }], says: [/one of 4 options/] },
    {
      title: 'options of its own',
      rules: [{ ...pick, push_presence_options: 'CUSTOM', push_presence_custom_options: 'fish:bird' }],
      says: [/one of 2 options/],
    },
    { title: 'a code', rules: [{ push_code_to_phone: true }], says: [/a code of 6 digits\. It meets NIST/] },
    {
      title: 'a short code',
      rules: [{ push_code_to_phone: true, push_code_to_phone_digits: 5 }],
      says: [/a code of 5 digits\. It does not meet/],
    },
    { title: 'presence, which beats the code', rules: [{ ...pick, push_code_to_phone: true }], says: [/one of 10 options/] },
    {
      title: 'phones that fall back',
      rules: [{ ...pick, push_mode_fallback: 'confirm' }],
      says: [/one of 10 options/, /phones that cannot do the chosen mode: a plain yes or no/],
    },
    { title: 'a login that waits', rules: [{ push_wait: 30 }], says: [/a login with push_wait asks for a plain yes or no/] },
    { title: 'a rule that says nothing of modes', rules: [{ push_title_on_mobile: 'ACME' }], says: [] },
  ];
  for (const { title, rules, says } of cases)
    it(`is told for ${title}`, () => {
      const read = z.array(ruleConfig).parse(rules.map((actions, index) => ({ name: `r${index}`, actions })));
      const [first = '', ...others] = modesWorth(read);
      assert.match(first, /^without a matching rule: a plain yes or no\. It does not meet NIST/);
      assert.equal(others.length, says.length, others.join('\n'));
      for (const [index, said] of says.entries()) assert.match(others[index] ?? '', said);
    });
});
