import { onFirstUse } from '../../../foundation/lazy/index.ts';

/** The LDAP library, loaded when it is first used. */
export const ldapts = onFirstUse<typeof import('ldapts')>('ldapts');
