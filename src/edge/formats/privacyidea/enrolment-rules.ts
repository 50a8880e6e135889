import type { Asker, Engine } from '../../../engine/index.ts';
import { type Owner, ok, pollOnlyProvider, refused } from '../../../foundation/model/index.ts';
import { expandTags } from './tags.ts';

const defaultTtlMinutes = 10;

/** The push token to enrol, the path of the mount that enrols it, and the issuer in the app without a policy. */
export type EnrolmentWish = { type: 'push' | 'edupush'; owner: Owner | undefined; mount: string; issuer: string };

/**
 * The enrolment policies for a push token of the privacyIDEA apps. Refuses with the name of a missing policy: the
 * provider and the answer URL are required.
 * @see docs/protocols/privacyidea.md 3.2
 */
export function enrolmentRules(engine: Pick<Engine, 'policy' | 'facts'>, asker: Asker, { type, owner, mount, issuer }: EnrolmentWish) {
  const { policy } = engine;
  const facts = { ...engine.facts(asker, owner), tokenType: type };
  const provider = policy.value('push_firebase_configuration', facts);
  if (provider === undefined) return refused(`${type}_firebase_configuration`);
  const url = policy.value('push_registration_url', facts);
  if (url === undefined) return refused(`${type}_registration_url`);
  const { givenname = '', surname = '' } = asker.userinfo ?? {};
  const tags = (serial: string) => ({ serial, user: owner?.user ?? '', realm: owner?.realm ?? '', givenname, surname });
  return ok({
    provider,
    mount,
    offer: {
      url,
      lifeMs: (policy.value('push_ttl', facts) ?? defaultTtlMinutes) * 60_000,
      sslVerify: policy.value('push_ssl_verify', facts, 'enrollment') ?? true,
      pollOnly: provider === pollOnlyProvider,
      label: (serial: string) => expandTags(policy.value('tokenlabel', facts) ?? '<s>', tags(serial), 'label'),
      issuer: (serial: string) => expandTags(policy.value('tokenissuer', facts) ?? issuer, tags(serial), 'issuer'),
      extras: {
        image: policy.value('appimageurl', facts),
        alternativeScheme: policy.value('push_use_pia_scheme', facts),
        appPin: policy.value('push_force_app_pin', facts),
        appUnlock: policy.value('push_app_force_unlock', facts),
      },
    },
  });
}
