import type { Result } from '../../foundation/model/index.ts';
import { ok, refused } from '../../foundation/model/index.ts';
import type { Conversation } from './conversation.ts';
import { type Answers, defaultAnswerOf, isAsked, problemOf, type Question, questions } from './questions.ts';

/**
 * Answers every question that applies: by its option, else by the user, else by its default. Refused with one sentence
 * if an option is invalid, does not fit another answer, or is missing.
 */
export async function answerAll(options: Answers, conversation: Conversation | undefined): Promise<Result<Answers, string>> {
  const answers: Record<string, string> = {};
  for (const question of questions) {
    const { name, after } = question;
    const given = options[name];
    if (!isAsked(question, answers)) {
      if (given !== undefined) return refused(`--${name} belongs to --${after?.question} ${after?.answers.join(' or ')}`);
      continue;
    }
    const answer = given ?? (conversation ? await asked(question, answers, conversation) : defaultAnswerOf(question, answers));
    if (answer === undefined) return refused(`--${name} is missing; it has no default`);
    const problem = problemOf(question, answer);
    if (problem !== undefined) return refused(`--${name} cannot be ${JSON.stringify(answer)}: ${problem}`);
    answers[name] = answer;
  }
  return ok(answers);
}

/** Asks until the answer is valid. */
async function asked(question: Question, answers: Answers, conversation: Conversation): Promise<string> {
  const { text, choices } = question;
  const fallback = defaultAnswerOf(question, answers);
  const hint = [...(choices ? [choices.join(', ')] : []), ...(fallback ? [`default: ${fallback}`] : [])].join('; ');
  for (;;) {
    const line = (await conversation.ask(`${text}${hint === '' ? '' : ` (${hint})`}: `)).trim();
    const answer = line === '' ? (fallback ?? '') : line;
    const problem = problemOf(question, answer);
    if (problem === undefined) return answer;
    conversation.tell(`  ${problem}`);
  }
}
