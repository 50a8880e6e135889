import type { DialectPrompt } from '../../../engine/index.ts';
import { cleanText, fitsPhones, questionOf } from '../../formats/approval/index.ts';
import type { KeycloakConfig } from './config.ts';
import type { BackchannelRequest } from './request-body.ts';

const longestShown = 40;
const longestMessage = 50;

/** A binding message of one or two digits: the client shows it, so that the user can pick it on the phone. */
export const numberIn = ({ bindingMessage }: BackchannelRequest): string | undefined =>
  bindingMessage !== undefined && /^\d{1,2}$/.test(bindingMessage) ? bindingMessage : undefined;

/** The client as the phone names it. */
const clientName = ({ clients = [] }: KeycloakConfig, client: string): string =>
  cleanText(clients.find(({ id }) => id === client)?.displayName ?? client, longestShown);

const realmName = ({ displayName, issuer }: KeycloakConfig): string =>
  displayName ?? cleanText(issuer.slice(issuer.lastIndexOf('/') + 1), longestShown);

/**
 * What the phone shows and signs: client, realm, the message to compare, and the scopes when the user consents to them.
 * `isHidden`: the message is a number to pick, so it must not be shown.
 * @see docs/protocols/keycloak-ciba.md 7
 */
export function phoneText(
  request: BackchannelRequest,
  { config, client, isHidden }: { config: KeycloakConfig; client: string; isHidden: boolean },
): DialectPrompt {
  const { bindingMessage, scopes, needsConsent } = request;
  const message = bindingMessage === undefined ? '(none: nothing to compare)' : cleanText(bindingMessage, longestMessage);
  const fixed = {
    Client: clientName(config, client),
    Realm: realmName(config),
    ...(isHidden ? {} : { Message: message }),
  };
  const text = isHidden ? 'Pick the number that you were shown, if you asked for this.' : 'Approve this request?';
  const question = needsConsent ? withScopes(text, fixed, scopes) : questionOf(text, fixed);
  return { title: fixed.Realm, question, isExact: true };
}

/** As many scopes as phones show, and how many more there are. */
function withScopes(text: string, fixed: Readonly<Record<string, string>>, scopes: readonly string[]): string {
  const clean = scopes.map((scope) => cleanText(scope, longestShown));
  const shown = (count: number): string => {
    const more = clean.length - count;
    const list = [...clean.slice(0, count), ...(more > 0 ? [`and ${more} more`] : [])].join(' ');
    return questionOf(text, { ...fixed, Allows: list });
  };
  let count = clean.length;
  while (count > 0 && !fitsPhones(shown(count))) count -= 1;
  return shown(count);
}
