/** A field of a request that breaks a rule. */
export type FieldProblem = { field: string; rule: string };

/** A refusal of the gateway (RFC 9457). `type` is stable, such as `already-consumed`; the message is for people. */
export class Problem extends Error {
  readonly status: number;
  readonly type: string;
  /** The fields with problems, for `invalid-request`. */
  readonly errors: readonly FieldProblem[];
  /** All members of the problem. */
  readonly members: Readonly<Record<string, unknown>>;
  /** Seconds after which a repetition may succeed, if the gateway says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, members: Readonly<Record<string, unknown>>, retryAfterSeconds?: number) {
    super(textOf(members.detail) ?? textOf(members.title) ?? `HTTP ${status}`);
    this.name = 'Problem';
    this.status = status;
    this.type = (textOf(members.type) ?? '').replace(/^urn:pushgate:problem:/, '');
    this.errors = Array.isArray(members.errors) ? members.errors.filter(isFieldProblem) : [];
    this.members = members;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** No reply of the gateway, or a broken one. A request with an idempotency key can safely be sent again. */
export class Unreachable extends Error {
  constructor(cause: unknown) {
    super('The gateway did not reply', { cause });
    this.name = 'Unreachable';
  }
}

/** Reads the refusal in a reply. */
export async function problemOf(reply: Response): Promise<Problem> {
  const retry = Number(reply.headers.get('retry-after') ?? Number.NaN);
  return new Problem(reply.status, await membersOf(reply), Number.isFinite(retry) ? retry : undefined);
}

async function membersOf(reply: Response): Promise<Record<string, unknown>> {
  try {
    const members: unknown = await reply.json();
    return isRecord(members) ? members : {};
  } catch {
    // A proxy in between may reply with something else; the status says enough.
    return {};
  }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isFieldProblem = (value: unknown): value is FieldProblem =>
  isRecord(value) && typeof value.field === 'string' && typeof value.rule === 'string';
