import { type Handler, type Route, type RoutePattern, tieRoutes } from '../../http/index.ts';
import { disableAccount, enableAccount, listAccounts, removeAccount, setAccount } from './accounts.ts';
import { eraseFromAudit, listAudit, showAudit, verifyAudit } from './audit.ts';
import { endToken, logIn } from './auth.ts';
import { examine } from './doctor.ts';
import { inspectKeyring } from './keyring.ts';
import { clearLimits, listLimits } from './limits.ts';
import { dropMessage, listOutbox, replayMessage } from './outbox.ts';
import type { OperatorParts } from './parts.ts';
import { listPeople, mergePeople, splitPeople } from './people.ts';
import { explainPolicy } from './policy.ts';
import { checkProvider, listProviders, resetProvider, testProvider } from './providers.ts';
import { showStats } from './stats.ts';
import { assignToken, deleteToken, disableToken, enableToken, resetToken, setTokenPin, unassignToken } from './token-acts.ts';
import { addTokenAddress, listAddresses, removeTokenAddress } from './token-addresses.ts';
import { listTokens, showToken } from './token-list.ts';
import { listTransactions, showTransaction } from './transactions.ts';

export type { Finding } from './doctor.ts';
export { operatorFallback } from './errors.ts';
export type { OperatorParts } from './parts.ts';

const table: readonly Handler<OperatorParts>[] = [
  { methods: ['POST'], path: '/ops/auth', handler: logIn },
  { methods: ['DELETE'], path: '/ops/auth', handler: endToken },
  { methods: ['GET'], path: '/ops/stats', handler: showStats },
  { methods: ['GET'], path: '/ops/tokens', handler: listTokens },
  { methods: ['GET'], path: '/ops/tokens/:serial', handler: showToken },
  { methods: ['DELETE'], path: '/ops/tokens/:serial', handler: deleteToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/enable', handler: enableToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/disable', handler: disableToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/reset', handler: resetToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/assign', handler: assignToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/unassign', handler: unassignToken },
  { methods: ['PUT'], path: '/ops/tokens/:serial/pin', handler: setTokenPin },
  { methods: ['GET'], path: '/ops/providers', handler: listProviders },
  { methods: ['POST'], path: '/ops/providers/:name/check', handler: checkProvider },
  { methods: ['POST'], path: '/ops/providers/:name/reset', handler: resetProvider },
  { methods: ['POST'], path: '/ops/providers/:name/test', handler: testProvider },
  { methods: ['POST'], path: '/ops/policy/explain', handler: explainPolicy },
  { methods: ['GET'], path: '/ops/tokens/:serial/addresses', handler: listAddresses },
  { methods: ['POST'], path: '/ops/tokens/:serial/addresses', handler: addTokenAddress },
  { methods: ['DELETE'], path: '/ops/tokens/:serial/addresses/:id', handler: removeTokenAddress },
  { methods: ['GET'], path: '/ops/transactions', handler: listTransactions },
  { methods: ['GET'], path: '/ops/transactions/:id', handler: showTransaction },
  { methods: ['GET'], path: '/ops/doctor', handler: examine },
  { methods: ['POST'], path: '/ops/keyring/page', handler: inspectKeyring },
  { methods: ['GET'], path: '/ops/accounts', handler: listAccounts },
  { methods: ['PUT'], path: '/ops/accounts/:name', handler: setAccount },
  { methods: ['DELETE'], path: '/ops/accounts/:name', handler: removeAccount },
  { methods: ['POST'], path: '/ops/accounts/:name/enable', handler: enableAccount },
  { methods: ['POST'], path: '/ops/accounts/:name/disable', handler: disableAccount },
  { methods: ['GET'], path: '/ops/audit', handler: listAudit },
  { methods: ['GET'], path: '/ops/audit/:id', handler: showAudit },
  { methods: ['POST'], path: '/ops/audit/verify', handler: verifyAudit },
  { methods: ['POST'], path: '/ops/audit/erase', handler: eraseFromAudit },
  { methods: ['GET'], path: '/ops/limits', handler: listLimits },
  { methods: ['DELETE'], path: '/ops/limits/:serial', handler: clearLimits },
  { methods: ['GET'], path: '/ops/outbox', handler: listOutbox },
  { methods: ['POST'], path: '/ops/outbox/:id/replay', handler: replayMessage },
  { methods: ['DELETE'], path: '/ops/outbox/:id', handler: dropMessage },
  { methods: ['GET'], path: '/ops/people', handler: listPeople },
  { methods: ['POST'], path: '/ops/people/merge', handler: mergePeople },
  { methods: ['POST'], path: '/ops/people/split', handler: splitPeople },
];

/** The routes for operators, besides the probes of an `ops` mount. */
export const operatorPatterns: readonly RoutePattern[] = table;

/** Binds the routes to the parts of a mount. */
export const operatorRoutes = (parts: OperatorParts): Route[] => tieRoutes(table, parts);
