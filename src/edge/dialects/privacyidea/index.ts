import type { PiFlavour } from '../../formats/privacyidea/index.ts';
import { type Handler, type Route, type RoutePattern, tieRoutes } from '../../http/index.ts';
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
  { methods: ['GET', 'POST'], path: '/validate/check', handler: validateCheck },
  { methods: ['GET', 'POST'], path: '/validate/radiuscheck', handler: validateRadiusCheck },
  { methods: ['GET', 'POST'], path: '/validate/samlcheck', handler: validateSamlCheck },
  { methods: ['GET', 'POST'], path: '/validate/initialize', handler: validateInitialize, only: 'privacyidea' },
  { methods: ['GET', 'POST'], path: '/validate/triggerchallenge', handler: triggerChallenge },
  { methods: ['GET'], path: '/validate/polltransaction', handler: pollTransaction },
  { methods: ['GET'], path: '/validate/polltransaction/:transaction_id', handler: pollTransaction },
  { methods: ['POST'], path: '/radius/authorize', handler: radiusAuthorize },
  { methods: ['POST'], path: '/radius/authenticate', handler: radiusAuthenticate },
  { methods: ['POST'], path: '/auth', handler: auth },
  { methods: ['DELETE'], path: '/auth', handler: logout },
  { methods: ['GET'], path: '/audit/', handler: auditList },
  { methods: ['POST'], path: '/token/init', handler: tokenInit },
  { methods: ['GET'], path: '/token/', handler: tokenList },
  { methods: ['POST'], path: '/token/enable', handler: tokenEnable },
  { methods: ['POST'], path: '/token/enable/:serial', handler: tokenEnable },
  { methods: ['POST'], path: '/token/disable', handler: tokenDisable },
  { methods: ['POST'], path: '/token/disable/:serial', handler: tokenDisable },
  { methods: ['POST'], path: '/token/reset', handler: tokenReset },
  { methods: ['POST'], path: '/token/reset/:serial', handler: tokenReset },
  { methods: ['POST'], path: '/token/setpin', handler: tokenSetPin },
  { methods: ['POST'], path: '/token/setpin/:serial', handler: tokenSetPin },
  { methods: ['POST'], path: '/token/set', handler: tokenSet },
  { methods: ['POST'], path: '/token/set/:serial', handler: tokenSet },
  { methods: ['POST'], path: '/token/description', handler: tokenDescription },
  { methods: ['POST'], path: '/token/description/:serial', handler: tokenDescription },
  { methods: ['POST'], path: '/token/setrandompin', handler: tokenSetRandomPin },
  { methods: ['POST'], path: '/token/setrandompin/:serial', handler: tokenSetRandomPin },
  { methods: ['POST'], path: '/token/realm/:serial', handler: tokenRealms },
  { methods: ['POST'], path: '/token/revoke', handler: tokenRevoke },
  { methods: ['POST'], path: '/token/revoke/:serial', handler: tokenRevoke },
  { methods: ['POST'], path: '/token/assign', handler: tokenAssign },
  { methods: ['POST'], path: '/token/unassign', handler: tokenUnassign },
  { methods: ['POST'], path: '/token/info/:serial/:key', handler: tokenSetInfo },
  { methods: ['DELETE'], path: '/token/info/:serial/:key', handler: tokenDeleteInfo },
  { methods: ['GET'], path: '/token/challenges/', handler: tokenChallenges },
  { methods: ['GET'], path: '/token/challenges/:serial', handler: tokenChallenges },
  { methods: ['DELETE'], path: '/token/challenges/transaction/:transaction_id', handler: cancelChallenges },
  { methods: ['DELETE'], path: '/token/challenges/expired', handler: deleteExpiredChallenges },
  { methods: ['DELETE'], path: '/token/', handler: tokenDelete },
  { methods: ['DELETE'], path: '/token/:serial', handler: tokenDelete },
];

/** The routes of a privacyIDEA mount, besides those of its phones. */
export const privacyideaPatterns: readonly RoutePattern[] = table;

/** Binds the routes to the parts of a mount. */
export const privacyideaRoutes = (parts: PrivacyideaParts): Route[] =>
  tieRoutes(
    table.filter(({ only = parts.product.flavour }) => only === parts.product.flavour),
    parts,
  );
