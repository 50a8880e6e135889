import type { PushToken } from '../../../foundation/model/index.ts';
import type { AuthServer } from '../../access/index.ts';
import { LinotpFault, type LinotpParams } from '../../formats/linotp/index.ts';
import type { LinotpParts } from './parts.ts';

/** Whom a request is about: a user with all push tokens, or one push token. `user` is empty where a serial alone was named. */
export type Subject = { user: string; realm: string; tokens: PushToken[]; isBySerial: boolean };

const mayAskFor = ({ realms }: AuthServer, realm: string): boolean => realms === undefined || realms.includes(realm);

/**
 * Reads `user` and `realm`, or `serial`, which takes one push token in place of all of the user's. Throws when nobody is named, the realm does not exist,
 * or is not one that this auth server may ask for.
 * @see docs/protocols/linotp.md 10.2, 10.3
 */
export async function subjectOf(parts: LinotpParts, params: LinotpParams, server: AuthServer): Promise<Subject> {
  const name = params.text('user') ?? '';
  const serial = params.text('serial') ?? '';
  if (name === '' && serial === '') throw new LinotpFault('parameter', 'missing user or serial');
  const who = name === '' ? { user: '', realm: '' } : resolved(parts, params, name);
  const tokens = serial === '' ? await parts.engine.tokensOf(who.user, who.realm) : await bySerial(parts, serial);
  const type = params.text('token_type');
  const mayAsk = tokens.filter((token) => mayAskFor(server, token.owner?.realm ?? '') && (type === undefined || token.type === type));
  return { ...who, tokens: mayAsk, isBySerial: name === '' };
}

async function bySerial({ engine }: LinotpParts, serial: string): Promise<PushToken[]> {
  const token = await engine.findToken(serial);
  return token ? [token] : [];
}

/** The user a request names. Throws for a realm that does not exist. */
export function resolved({ engine }: LinotpParts, params: LinotpParams, name: string): { user: string; realm: string } {
  const found = engine.realms.resolve(name, params.text('realm'));
  if (found === 'unknown-realm') throw new LinotpFault('parameter', `the realm ${params.text('realm') ?? ''} does not exist`);
  return found;
}
