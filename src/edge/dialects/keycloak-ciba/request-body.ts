import { z } from 'zod';
import { parseJson } from '../../../foundation/model/index.ts';

/** The longest body. Keycloak puts no limit on acr_values. @see docs/protocols/keycloak-ciba.md 2 */
export const longestBody = 32_768;

const absent = z
  .string()
  .nullish()
  .transform((text) => text ?? undefined);

/** Letters, digits, punctuation or symbols: a message of spaces and invisible characters gives nothing to compare. */
const visible = /[\p{L}\p{N}\p{P}\p{S}]/u;

/**
 * The body of a backchannel authentication request. Absent values come as null. Members that a client adds are ignored,
 * and a client may repeat `is_consent_required` as a text, so only the boolean false is believed.
 */
export const BackchannelBody = z
  .looseObject({
    login_hint: z.string().trim().min(1).max(255),
    scope: absent,
    binding_message: absent,
    is_consent_required: z.unknown().optional(),
  })
  .transform(({ login_hint: user, scope = '', binding_message: bindingMessage, is_consent_required: consent }) => ({
    user,
    scopes: [...new Set(scope.split(' '))].filter((each) => each !== ''),
    bindingMessage: bindingMessage !== undefined && visible.test(bindingMessage) ? bindingMessage : undefined,
    needsConsent: consent !== false,
  }));

/** What Keycloak asks for: the user, the scopes without doubles, and the text that the client shows. */
export type BackchannelRequest = z.output<typeof BackchannelBody>;

/** Reads the body; undefined when it is not one of these requests. */
export const readBackchannel = (body: string): BackchannelRequest | undefined => BackchannelBody.safeParse(parseJson(body)).data;
