import type { PiFlavour } from '../../formats/privacyidea/index.ts';
import { type GuardedPattern, type Handler, type Route, tieRoutes } from '../../http/index.ts';
import { auditList } from './audit-list.ts';
import { auth, logout } from './auth.ts';
import { pollTransaction } from './login/poll-transaction.ts';
import { radiusAuthenticate, radiusAuthorize } from './login/radius-rest.ts';
import { triggerChallenge } from './login/trigger-challenge.ts';
import { validateCheck } from './login/validate-check.ts';
import { validateInitialize, validateRadiusCheck, validateSamlCheck } from './login/validate-variants.ts';
import type { PrivacyideaParts } from './parts.ts';
import { tokenDelete, tokenDisable, tokenEnable, tokenReset, tokenRevoke, tokenSetPin, tokenUnassign } from './tokens/token-admin.ts';
import { cancelChallenges, deleteExpiredChallenges, tokenChallenges } from './tokens/token-challenges.ts';
import { tokenDeleteInfo, tokenSetInfo } from './tokens/token-info.ts';
import { tokenInit } from './tokens/token-init.ts';
import { tokenList } from './tokens/token-list.ts';
import { tokenAssign } from './tokens/token-owner.ts';
import { tokenDescription, tokenRealms, tokenSet, tokenSetRandomPin } from './tokens/token-set.ts';

export { secondDecodingAt } from './caller.ts';
export type { PrivacyideaParts } from './parts.ts';

const table: readonly (Handler<PrivacyideaParts> & { only?: PiFlavour })[] = [
  { methods: ['GET', 'POST'], path: '/validate/check', needs: { right: 'check' }, handler: validateCheck },
  { methods: ['GET', 'POST'], path: '/validate/radiuscheck', needs: { right: 'check' }, handler: validateRadiusCheck },
  { methods: ['GET', 'POST'], path: '/validate/samlcheck', needs: { right: 'check' }, handler: validateSamlCheck },
  { methods: ['GET', 'POST'], path: '/validate/initialize', needs: 'public', handler: validateInitialize, only: 'privacyidea' },
  {
    methods: ['GET', 'POST'],
    path: '/validate/triggerchallenge',
    needs: { all: [{ permission: 'triggerchallenge' }, { right: 'trigger' }] },
    handler: triggerChallenge,
  },
  { methods: ['GET'], path: '/validate/polltransaction', needs: { right: 'poll' }, handler: pollTransaction },
  { methods: ['GET'], path: '/validate/polltransaction/:transaction_id', needs: { right: 'poll' }, handler: pollTransaction },
  { methods: ['POST'], path: '/radius/authorize', needs: { right: 'check' }, handler: radiusAuthorize },
  { methods: ['POST'], path: '/radius/authenticate', needs: { right: 'check' }, handler: radiusAuthenticate },
  { methods: ['POST'], path: '/auth', needs: 'password', handler: auth },
  { methods: ['DELETE'], path: '/auth', needs: 'session', handler: logout },
  { methods: ['GET'], path: '/audit/', needs: { permission: 'auditlog' }, handler: auditList },
  {
    methods: ['POST'],
    path: '/token/init',
    needs: { any: [{ permission: 'enrollPUSH' }, { permission: 'enrollEDUPUSH' }] },
    handler: tokenInit,
  },
  { methods: ['GET'], path: '/token/', needs: { permission: 'tokenlist' }, handler: tokenList },
  { methods: ['POST'], path: '/token/enable', needs: { permission: 'enable' }, handler: tokenEnable },
  { methods: ['POST'], path: '/token/enable/:serial', needs: { permission: 'enable' }, handler: tokenEnable },
  { methods: ['POST'], path: '/token/disable', needs: { permission: 'disable' }, handler: tokenDisable },
  { methods: ['POST'], path: '/token/disable/:serial', needs: { permission: 'disable' }, handler: tokenDisable },
  { methods: ['POST'], path: '/token/reset', needs: { permission: 'reset' }, handler: tokenReset },
  { methods: ['POST'], path: '/token/reset/:serial', needs: { permission: 'reset' }, handler: tokenReset },
  { methods: ['POST'], path: '/token/setpin', needs: { permission: 'setpin' }, handler: tokenSetPin },
  { methods: ['POST'], path: '/token/setpin/:serial', needs: { permission: 'setpin' }, handler: tokenSetPin },
  { methods: ['POST'], path: '/token/set', needs: { permission: 'set' }, handler: tokenSet },
  { methods: ['POST'], path: '/token/set/:serial', needs: { permission: 'set' }, handler: tokenSet },
  { methods: ['POST'], path: '/token/description', needs: { permission: 'setdescription' }, handler: tokenDescription },
  { methods: ['POST'], path: '/token/description/:serial', needs: { permission: 'setdescription' }, handler: tokenDescription },
  { methods: ['POST'], path: '/token/setrandompin', needs: { permission: 'setrandompin' }, handler: tokenSetRandomPin },
  { methods: ['POST'], path: '/token/setrandompin/:serial', needs: { permission: 'setrandompin' }, handler: tokenSetRandomPin },
  { methods: ['POST'], path: '/token/realm/:serial', needs: { permission: 'tokenrealms' }, handler: tokenRealms },
  { methods: ['POST'], path: '/token/revoke', needs: { permission: 'revoke' }, handler: tokenRevoke },
  { methods: ['POST'], path: '/token/revoke/:serial', needs: { permission: 'revoke' }, handler: tokenRevoke },
  { methods: ['POST'], path: '/token/assign', needs: { permission: 'assign' }, handler: tokenAssign },
  { methods: ['POST'], path: '/token/unassign', needs: { permission: 'unassign' }, handler: tokenUnassign },
  { methods: ['POST'], path: '/token/info/:serial/:key', needs: { permission: 'settokeninfo' }, handler: tokenSetInfo },
  { methods: ['DELETE'], path: '/token/info/:serial/:key', needs: { permission: 'settokeninfo' }, handler: tokenDeleteInfo },
  { methods: ['GET'], path: '/token/challenges/', needs: { permission: 'getchallenges' }, handler: tokenChallenges },
  { methods: ['GET'], path: '/token/challenges/:serial', needs: { permission: 'getchallenges' }, handler: tokenChallenges },
  {
    methods: ['DELETE'],
    path: '/token/challenges/transaction/:transaction_id',
    needs: { permission: 'cancelchallenge' },
    handler: cancelChallenges,
  },
  { methods: ['DELETE'], path: '/token/challenges/expired', needs: { permission: 'cancelchallenge' }, handler: deleteExpiredChallenges },
  { methods: ['DELETE'], path: '/token/', needs: { permission: 'delete' }, handler: tokenDelete },
  { methods: ['DELETE'], path: '/token/:serial', needs: { permission: 'delete' }, handler: tokenDelete },
];

/** The routes of a privacyIDEA mount, besides those of its phones. */
export const privacyideaPatterns: readonly GuardedPattern[] = table;

/** Binds the routes to the parts of a mount. */
export const privacyideaRoutes = (parts: PrivacyideaParts): Route[] =>
  tieRoutes(
    table.filter(({ only = parts.product.flavour }) => only === parts.product.flavour),
    parts,
  );
