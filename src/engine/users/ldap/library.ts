import { onFirstUse } from '../../../foundation/lazy/index.ts';

/** The library for LDAP, loaded with the first directory that a configuration names. */
export const ldapts = onFirstUse<typeof import('ldapts')>('ldapts');
