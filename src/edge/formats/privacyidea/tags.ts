/** The values for the tags of a label or issuer. */
export type TagFacts = { serial: string; user: string; realm: string; givenname?: string; surname?: string };

/**
 * Expands the tags of a label (`<s> <u> <r>`, then `{serial} {user} {realm}`) or of an issuer (the latter only).
 * Unknown values become empty; unknown tags stay.
 * @see docs/protocols/privacyidea.md 3.2
 */
export function expandTags(template: string, facts: TagFacts, kind: 'label' | 'issuer'): string {
  const { serial, user, realm, givenname = '', surname = '' } = facts;
  const angled = kind === 'label' ? template.replaceAll('<s>', serial).replaceAll('<u>', user).replaceAll('<r>', realm) : template;
  const known: Readonly<Record<string, string>> = { serial, user, realm, givenname, surname };
  return angled.replace(/\{([a-z]+)\}/g, (tag, name: string) => known[name] ?? tag);
}
