import { z } from 'zod';
import { type RelayReply, type RelayTarget, readAddress } from '../../../engine/index.ts';
import { parseJson, type Transaction } from '../../../foundation/model/index.ts';
import { nameField } from '../../formats/management/index.ts';
import { listDead } from './dead-addresses.ts';
import { DeliveryReply, deliveryReply } from './delivery-reply.ts';
import { type Endpoint, endpoint, type RestCall } from './endpoint.ts';
import { idempotencyKey } from './idempotency.ts';
import { dialect, type RestParts } from './parts.ts';
import { RestProblem } from './problems.ts';

const maxPayloadBytes = 3500;
const maxAddresses = 8;
const dayMs = 24 * 60 * 60_000;

const Address = z
  .strictObject({
    kind: z.enum(['fcm', 'apns', 'webpush', 'gda']),
    value: z.string().min(1),
    reference: nameField.optional().describe('Your own name of this address, for the list of dead addresses.'),
  })
  .transform(({ kind, value, ...rest }, context) => {
    const read = readAddress(kind, value);
    if (read.ok) return { kind, value: read.value, ...rest };
    context.addIssue({ code: 'custom', path: ['value'], message: read.error });
    return z.NEVER;
  });

const To = z
  .strictObject({
    serial: nameField.optional().describe('A push token: its addresses, and the policies of its owner.'),
    device: z.string().min(1).max(1024).optional().describe('A device (gda) that you registered at a challenge-service mount.'),
    addresses: z.array(Address).min(1).max(maxAddresses).optional().describe('The addresses of one phone, tried in this order.'),
  })
  .refine(({ serial, device, addresses }) => [serial, device, addresses].filter((each) => each !== undefined).length === 1, {
    message: 'name exactly one of serial, device and addresses',
  });

const isJsonOfTexts = (text: string): boolean => z.record(z.string(), z.string()).safeParse(parseJson(text)).success;

const CreateBody = z
  .strictObject({
    to: To.describe('The phone.'),
    payload: z
      .string()
      .min(1)
      .refine((text) => Buffer.byteLength(text) <= maxPayloadBytes, `at most ${maxPayloadBytes} bytes`)
      .describe('The message as the app expects it, at most 3500 bytes in UTF-8. The gateway does not read it.'),
    format: z
      .enum(['linotp', 'pipush'])
      .optional()
      .describe(
        'How Firebase and APNs hand the payload to the app. linotp: as the text `challenge`, beside the Idempotency-Key as `transactionId`. pipush: it is a JSON object of texts, which become the fields of the message; `title` and `question` are shown. Without it: as for the push token, else linotp.',
      ),
    ttlSeconds: z
      .int()
      .min(1)
      .max(86_400)
      .optional()
      .describe('How long the push is worth delivering. Policies may only shorten it. Without it: as for a challenge.'),
    provider: z.string().min(1).max(64).optional().describe('Use only this provider of those that policies choose.'),
  })
  .refine(({ format, payload }) => format !== 'pipush' || isJsonOfTexts(payload), {
    path: ['payload'],
    message: 'the format pipush needs a JSON object of texts',
  });

type Body = z.output<typeof CreateBody>;

const create = endpoint(
  {
    method: 'POST',
    path: '/v1/deliveries',
    right: 'deliver',
    id: 'createDelivery',
    summary: 'Pushes a payload of your own to a phone',
    description:
      'For servers that keep their challenges themselves. Policies choose the providers, their order and the deadline. The same Idempotency-Key within 24 hours delivers nothing twice: the reply is that of the first request, or waits for it. After the outcomes rejected and unavailable it tries again, until the push expires.',
    headers: z.object({
      'idempotency-key': idempotencyKey.describe(
        'Your id of the message: 1 to 255 printable ASCII characters, without spaces. The phone gets it too.',
      ),
    }),
    body: CreateBody,
    replies: { 200: { description: 'The outcome.', schema: DeliveryReply } },
    problems: ['undeliverable', 'dead-address', 'key-reused', 'too-often'],
  },
  async (parts, call) => {
    const { asker, caller, body } = call;
    const { payload, format, provider, ttlSeconds } = body;
    const reply = await parts.engine.relay.deliver({
      asker,
      showed: caller.showed,
      transactionId: call.headers['idempotency-key'],
      to: targetOf(body.to),
      payload,
      protocol: format,
      via: provider,
      validity: { wantedMs: ttlSeconds === undefined ? undefined : ttlSeconds * 1000, keptMs: dayMs },
    });
    const transaction = await ownDelivery(parts, call, idOf(reply));
    const headers = 'isRepeated' in reply ? { 'idempotency-replayed': 'true' } : {};
    return { status: 200, body: deliveryReply(transaction, await parts.engine.challenges.trailOf(transaction.id)), headers };
  },
);

function targetOf({ serial, device, addresses = [] }: Body['to']): RelayTarget {
  if (serial !== undefined) return { kind: 'token', serial };
  return device === undefined ? { kind: 'addresses', addresses } : { kind: 'device', gda: device };
}

/** The id of a stored delivery, unless the reply is a refusal. */
function idOf(reply: RelayReply): string {
  switch (reply.kind) {
    case 'sent':
    case 'queued':
    case 'failed':
      if (reply.transaction !== undefined) return reply.transaction;
      throw new RestProblem('undeliverable', 'No provider of the delivery plan serves these addresses.', { reason: 'no-provider' });
    case 'unknown-gda':
      throw new RestProblem('undeliverable', 'This auth server may reach no such phone.', { reason: 'unknown-phone' });
    case 'dead-address': {
      const { transaction: id } = reply;
      const detail = 'The push services say that the app is gone from this phone. Its addresses are not alive.';
      throw new RestProblem('dead-address', detail, id === undefined ? {} : { id });
    }
    case 'conflict':
      throw new RestProblem('key-reused', 'This Idempotency-Key came with another body before.', { id: reply.transaction });
    case 'limited':
      throw new RestProblem('too-often', 'This phone was sent as many pushes as policies allow.', {
        retryAfterSeconds: Math.max(1, Math.ceil(reply.retryMs / 1000)),
      });
    case 'refused':
      throw reply.refusal.kind === 'no-credential'
        ? new RestProblem('not-authenticated', 'Policies ask for a credential of this auth server.')
        : new RestProblem('not-allowed', 'Policies do not allow this delivery.');
    default:
      return reply satisfies never;
  }
}

const get = endpoint(
  {
    method: 'GET',
    path: '/v1/deliveries/:id',
    right: 'deliver',
    id: 'getDelivery',
    summary: 'The outcome of a delivery, and all attempts',
    description: 'For 24 hours.',
    replies: { 200: { description: 'The delivery.', schema: DeliveryReply } },
    problems: ['not-found'],
  },
  async (parts, call) => {
    const transaction = await ownDelivery(parts, call, call.param('id'));
    return { status: 200, body: deliveryReply(transaction, await parts.engine.challenges.trailOf(transaction.id)) };
  },
);

async function ownDelivery(
  { engine }: RestParts,
  { caller }: Pick<RestCall<unknown, unknown>, 'caller'>,
  id: string,
): Promise<Transaction> {
  const found = await engine.challenges.findOwn(dialect, caller.server.name, id);
  if (found?.kind === 'relay' && engine.clock() < found.decision.finishUntil) return found;
  throw new RestProblem('not-found', 'This auth server has no delivery with this id (any more).');
}

/** The endpoints for deliveries. */
export const deliveryEndpoints: readonly Endpoint[] = [create, get, listDead];
