import { type PolicyProblem, warning } from './problem.ts';
import type { Rule } from './rule.ts';
import { unknownTag } from './tags.ts';

const because = {
  force_challenge_response: 'a push token always asks its phone; there is no PIN with a code behind it',
  challenge_response: 'a push token needs no leave to ask its phone',
  client_mode_per_user: 'all tokens here are push tokens, so the last one used is of the same type',
} as const;

const isWithoutEffect = (name: string): name is keyof typeof because => Object.hasOwn(because, name);

/** Finds actions that are accepted from privacyIDEA but change nothing here, and tags that will stay empty. */
export function withoutEffect({ actions }: Rule): PolicyProblem[] {
  const idle = Object.keys(actions)
    .filter(isWithoutEffect)
    .map((name) => warning(['actions', name], `changes nothing: ${because[name]}`));
  const texts = [['challenge_text', actions.challenge_text] as const, ['push_challenge_text', actions.push_challenge_text] as const];
  const strange = texts.flatMap(([name, text = '']) => {
    const tag = unknownTag(text, ['presence_answer']);
    return tag === undefined ? [] : [warning(['actions', name], `there is no tag {${tag}}; its place stays empty`)];
  });
  return [...idle, ...strange];
}
