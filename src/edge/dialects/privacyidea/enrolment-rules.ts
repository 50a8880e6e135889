import type { Asker } from '../../../engine/index.ts';
import { type Owner, pollOnlyProvider } from '../../../foundation/model/index.ts';
import { expandTags, PiFault } from '../../formats/privacyidea/index.ts';
import type { TokenKind } from './flavour.ts';
import type { PrivacyideaParts } from './parts.ts';

const defaultTtlMinutes = 10;

/** The enrolment policies for a new token of this type and owner. Throws 303 without the two required ones. */
export function enrolmentRules(
  { engine, product, mount }: PrivacyideaParts,
  asker: Asker,
  { type: tokenType, owner }: { type: TokenKind['type']; owner: Owner | undefined },
) {
  const { policy } = engine;
  const facts = { ...engine.facts(asker, owner), tokenType };
  const provider = policy.value('push_firebase_configuration', facts);
  const missing = (name: string) => new PiFault('policy', `Missing enrollment policy for push token: ${tokenType}_${name}`);
  if (provider === undefined) throw missing('firebase_configuration');
  const url = policy.value('push_registration_url', facts);
  if (url === undefined) throw missing('registration_url');
  const { givenname = '', surname = '' } = asker.userinfo ?? {};
  const tags = (serial: string) => ({ serial, user: owner?.user ?? '', realm: owner?.realm ?? '', givenname, surname });
  return {
    provider,
    mount: mount.path,
    offer: {
      url,
      lifeMs: (policy.value('push_ttl', facts) ?? defaultTtlMinutes) * 60_000,
      sslVerify: policy.value('push_ssl_verify', facts, 'enrollment') ?? true,
      pollOnly: provider === pollOnlyProvider,
      label: (serial: string) => expandTags(policy.value('tokenlabel', facts) ?? '<s>', tags(serial), 'label'),
      issuer: (serial: string) => expandTags(policy.value('tokenissuer', facts) ?? product.name, tags(serial), 'issuer'),
      extras: {
        image: policy.value('appimageurl', facts),
        alternativeScheme: policy.value('push_use_pia_scheme', facts),
        appPin: policy.value('push_force_app_pin', facts),
        appUnlock: policy.value('push_app_force_unlock', facts),
      },
    },
  };
}
