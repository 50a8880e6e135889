import type { Context } from 'koa';
import { z } from 'zod';
import { ActForbidden, type FaultCode, GatewayFault, NotNow, Overloaded, RefusedText } from '../../../foundation/model/index.ts';
import type { FallbackReplies } from '../../http/index.ts';

/** The problem types of this dialect: HTTP status and title. They are part of the interface and never change. @see RFC 9457 */
export const problemTypes = {
  'invalid-request': [400, 'The request is invalid'],
  'not-authenticated': [401, 'The caller is not known'],
  'not-allowed': [403, 'The caller may not do this'],
  'wrong-binding': [403, 'The binding is not that of the challenge'],
  'not-found': [404, 'There is nothing here'],
  'method-not-allowed': [405, 'This method is not allowed here'],
  'not-accepted': [409, 'The challenge is not accepted'],
  'already-consumed': [409, 'The challenge was consumed before'],
  'wrong-code': [409, 'The code is not that of the phone'],
  'key-reused': [409, 'The idempotency key belongs to another request'],
  'under-way': [409, 'The first request with this idempotency key is under way'],
  conflict: [409, 'The state of the object does not allow this'],
  'dead-address': [410, 'No address of the phone is alive'],
  'too-large': [413, 'The body is too large'],
  'unsupported-media-type': [415, 'The body must be application/json'],
  'cannot-be-asked': [422, 'No phone of this user can be asked'],
  undeliverable: [422, 'No provider took the push'],
  'too-often': [429, 'Policies allow no more now'],
  'too-many-streams': [429, 'Too many event streams are open'],
  'turned-away': [429, 'Too many failed tries'],
  defect: [500, 'Internal error'],
  'config-invalid': [500, 'The gateway is configured wrongly'],
  overloaded: [503, 'The gateway has too much to do'],
  'store-unavailable': [503, 'The store cannot be reached'],
  'directory-unavailable': [503, 'A user source does not answer'],
} as const satisfies Record<FaultCode, readonly [number, string]> & Record<string, readonly [number, string]>;

/** One of them. */
export type ProblemType = keyof typeof problemTypes;

/** The `type` of a problem on the wire. */
export const problemUri = (type: ProblemType): string => `urn:pushgate:problem:${type}`;

const allTypes = Object.keys(problemTypes) as ProblemType[];

/** A problem in replies. */
export const ProblemReply = z.strictObject({
  type: z
    .enum(allTypes.map(problemUri))
    .describe(
      ['What went wrong. It never changes.', ...allTypes.map((type) => `- ${problemUri(type)}: ${problemTypes[type].join(', ')}.`)].join(
        '\n',
      ),
    ),
  title: z.string().describe('The type in words.'),
  status: z.int().describe('The HTTP status.'),
  detail: z.string().describe('A sentence for people.'),
  errors: z
    .array(
      z.strictObject({ field: z.string().describe('JSON pointer to the field.'), rule: z.string().describe('The rule that it breaks.') }),
    )
    .optional()
    .describe('Every field of the request that breaks a rule.'),
  id: z.string().optional().describe('The object that the problem is about.'),
  state: z.string().optional().describe('The state of that object.'),
  reason: z.string().optional().describe('The reason, as a word for programs.'),
});

/** A field of the request that breaks a rule: its path, such as `/context/amount`, and the rule. */
export type FieldProblem = { field: string; rule: string };

/** More members of a problem: fields with problems, the state of the object, and when to try again. */
export type ProblemMembers = {
  errors?: FieldProblem[];
  id?: string | undefined;
  state?: string;
  reason?: string;
  retryAfterSeconds?: number;
};

/** A refusal. `message` is the `detail`, for people, and holds no secret. */
export class RestProblem extends Error {
  readonly type: ProblemType;
  readonly members: ProblemMembers;
  constructor(type: ProblemType, detail: string, members: ProblemMembers = {}) {
    super(detail);
    this.type = type;
    this.members = members;
  }
}

function send(ctx: Context, type: ProblemType, detail: string, { retryAfterSeconds, ...members }: ProblemMembers = {}): void {
  const [status, title] = problemTypes[type];
  ctx.status = status;
  if (retryAfterSeconds !== undefined) ctx.set('retry-after', String(retryAfterSeconds));
  ctx.body = JSON.stringify({ type: problemUri(type), title, status, detail, ...members });
  ctx.type = 'application/problem+json';
}

/** Replies of this dialect for unmatched routes and thrown errors. */
export const restFallback: FallbackReplies = {
  notFound: (ctx) => send(ctx, 'not-found', 'There is nothing at this path.'),
  methodNotAllowed: (ctx) => send(ctx, 'method-not-allowed', `${ctx.method} is not allowed here.`),
  error(ctx, error) {
    if (error instanceof RestProblem) send(ctx, error.type, error.message, error.members);
    else if (error instanceof ActForbidden) send(ctx, 'not-allowed', error.message);
    else if (error instanceof RefusedText) send(ctx, 'invalid-request', error.message);
    else if (error instanceof NotNow) {
      const { message, retryAfterSeconds } = error;
      send(ctx, error instanceof Overloaded ? 'overloaded' : 'turned-away', message, { retryAfterSeconds });
    } else if (error instanceof GatewayFault) send(ctx, error.code, `${problemTypes[error.code][1]}.`);
    else send(ctx, 'defect', 'Internal error; see the log under the id of this request.');
    return ![RestProblem, ActForbidden, RefusedText, NotNow].some((refusal) => error instanceof refusal);
  },
};
