import type { KeyObject } from 'node:crypto';
import { z } from 'zod';
import { GatewayFault, pushUrl, readKeyFile, readPrivateKey } from '../../src/delivery/provider-kit/index.ts';

/** The content of a key file: the account's email, its key, its project, and the URL for access tokens. */
export type ServiceAccount = { email: string; project: string; key: KeyObject; keyId?: string | undefined; tokenUri: string };

const filled = z.string('must be a text').min(1, 'must not be empty');

const KeyFile = z.object({
  project_id: filled,
  private_key: filled,
  client_email: filled,
  private_key_id: z.string().optional(),
  token_uri: pushUrl.default('https://oauth2.googleapis.com/token'),
});

const howToGetOne = 'Make one in the Firebase console: Project settings, Service accounts, Generate new private key.';

/** Files that are often mistaken for a key file, by their `type`, with a remedy. */
const otherTypes: Readonly<Record<string, string>> = {
  authorized_user: 'That is the login of a person.',
  external_account: 'Leave service_account out and let GOOGLE_APPLICATION_CREDENTIALS name this file.',
  impersonated_service_account: 'Leave service_account out and let GOOGLE_APPLICATION_CREDENTIALS name this file.',
};

/**
 * Reads a service account's key file; refuses at least what Google's own library refuses. Throws `config-invalid` with
 * one sentence that gives the problem and a remedy, and never quotes the file.
 */
export function readServiceAccount(text: string): ServiceAccount {
  const read = readKeyFile(text);
  if (!read.ok)
    throw new GatewayFault(
      'config-invalid',
      `The key file cannot be used: ${read.error}. Use the file as it was downloaded. ${howToGetOne}`,
    );
  const json = read.value;
  const { type } = z.looseObject({ type: z.unknown() }).catch({ type: undefined }).parse(json);
  if (type !== 'service_account') throw new GatewayFault('config-invalid', wrongType(json, type));
  const file = KeyFile.safeParse(json);
  if (!file.success) throw new GatewayFault('config-invalid', `The key file cannot be used: ${sentence(file.error)}. ${howToGetOne}`);
  const { client_email, project_id, private_key, private_key_id, token_uri } = file.data;
  const key = privateKeyOf(private_key);
  if (key.asymmetricKeyType !== 'rsa')
    throw new GatewayFault('config-invalid', `The key file holds a key of the kind ${key.asymmetricKeyType}, not RSA. ${howToGetOne}`);
  return {
    email: client_email,
    project: project_id,
    key,
    keyId: private_key_id,
    tokenUri: token_uri,
  };
}

function wrongType(json: unknown, type: unknown): string {
  if (typeof json === 'object' && json !== null && 'project_info' in json)
    return `This is google-services.json, which belongs to the app. A key file is needed. ${howToGetOne}`;
  if (typeof type !== 'string' || !/^[\w-]{1,40}$/.test(type))
    return `This is not a key file: it has no "type": "service_account". ${howToGetOne}`;
  return `The key file's type is "${type}", not "service_account". ${otherTypes[type] ?? ''} ${howToGetOne}`.replace('  ', ' ');
}

function privateKeyOf(pem: string): KeyObject {
  const read = readPrivateKey(pem);
  if (read.ok) return read.value;
  throw new GatewayFault('config-invalid', `The key file cannot be used: private_key: ${read.error}. ${howToGetOne}`);
}

const sentence = ({ issues }: z.ZodError): string => issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
