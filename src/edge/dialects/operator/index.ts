import { type GuardedPattern, type Handler, type Route, tieRoutes } from '../../http/index.ts';
import { disableAccount, enableAccount, listAccounts, removeAccount, setAccount } from './accounts.ts';
import { eraseFromAudit, listAudit, showAudit, verifyAudit } from './audit.ts';
import { endToken, logIn } from './auth.ts';
import { examine } from './doctor.ts';
import { listIdentities, removeIdentity } from './identities.ts';
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

const operate = { permission: 'operate' } as const;

const table: readonly Handler<OperatorParts>[] = [
  { methods: ['POST'], path: '/ops/auth', needs: 'password', handler: logIn },
  { methods: ['DELETE'], path: '/ops/auth', needs: 'session', handler: endToken },
  { methods: ['GET'], path: '/ops/stats', needs: operate, handler: showStats },
  { methods: ['GET'], path: '/ops/tokens', needs: { permission: 'tokenlist' }, handler: listTokens },
  { methods: ['GET'], path: '/ops/tokens/:serial', needs: { permission: 'tokenlist' }, handler: showToken },
  { methods: ['DELETE'], path: '/ops/tokens/:serial', needs: { permission: 'delete' }, handler: deleteToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/enable', needs: { permission: 'enable' }, handler: enableToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/disable', needs: { permission: 'disable' }, handler: disableToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/reset', needs: { permission: 'reset' }, handler: resetToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/assign', needs: { permission: 'assign' }, handler: assignToken },
  { methods: ['POST'], path: '/ops/tokens/:serial/unassign', needs: { permission: 'unassign' }, handler: unassignToken },
  { methods: ['PUT'], path: '/ops/tokens/:serial/pin', needs: { permission: 'setpin' }, handler: setTokenPin },
  { methods: ['GET'], path: '/ops/providers', needs: operate, handler: listProviders },
  { methods: ['POST'], path: '/ops/providers/:name/check', needs: operate, handler: checkProvider },
  { methods: ['POST'], path: '/ops/providers/:name/reset', needs: operate, handler: resetProvider },
  { methods: ['POST'], path: '/ops/providers/:name/test', needs: operate, handler: testProvider },
  { methods: ['POST'], path: '/ops/policy/explain', needs: operate, handler: explainPolicy },
  { methods: ['GET'], path: '/ops/tokens/:serial/addresses', needs: operate, handler: listAddresses },
  { methods: ['POST'], path: '/ops/tokens/:serial/addresses', needs: operate, handler: addTokenAddress },
  { methods: ['DELETE'], path: '/ops/tokens/:serial/addresses/:id', needs: operate, handler: removeTokenAddress },
  {
    methods: ['GET'],
    path: '/ops/transactions',
    needs: { any: [{ permission: 'operate' }, { permission: 'getchallenges' }] },
    handler: listTransactions,
  },
  {
    methods: ['GET'],
    path: '/ops/transactions/:id',
    needs: { any: [{ permission: 'operate' }, { permission: 'getchallenges' }] },
    handler: showTransaction,
  },
  { methods: ['GET'], path: '/ops/doctor', needs: operate, handler: examine },
  { methods: ['POST'], path: '/ops/keyring/page', needs: operate, handler: inspectKeyring },
  { methods: ['GET'], path: '/ops/accounts', needs: operate, handler: listAccounts },
  { methods: ['PUT'], path: '/ops/accounts/:name', needs: operate, handler: setAccount },
  { methods: ['DELETE'], path: '/ops/accounts/:name', needs: operate, handler: removeAccount },
  { methods: ['POST'], path: '/ops/accounts/:name/enable', needs: operate, handler: enableAccount },
  { methods: ['POST'], path: '/ops/accounts/:name/disable', needs: operate, handler: disableAccount },
  { methods: ['GET'], path: '/ops/audit', needs: { all: [{ permission: 'operate' }, { permission: 'auditlog' }] }, handler: listAudit },
  { methods: ['GET'], path: '/ops/audit/:id', needs: { all: [{ permission: 'operate' }, { permission: 'auditlog' }] }, handler: showAudit },
  {
    methods: ['POST'],
    path: '/ops/audit/verify',
    needs: { all: [{ permission: 'operate' }, { permission: 'auditlog' }] },
    handler: verifyAudit,
  },
  {
    methods: ['POST'],
    path: '/ops/audit/erase',
    needs: { all: [{ permission: 'operate' }, { permission: 'audit_erase' }] },
    handler: eraseFromAudit,
  },
  { methods: ['GET'], path: '/ops/limits', needs: operate, handler: listLimits },
  { methods: ['DELETE'], path: '/ops/limits/:serial', needs: operate, handler: clearLimits },
  { methods: ['GET'], path: '/ops/outbox', needs: operate, handler: listOutbox },
  { methods: ['POST'], path: '/ops/outbox/:id/replay', needs: operate, handler: replayMessage },
  { methods: ['DELETE'], path: '/ops/outbox/:id', needs: operate, handler: dropMessage },
  { methods: ['GET'], path: '/ops/identities', needs: operate, handler: listIdentities },
  { methods: ['DELETE'], path: '/ops/identities/:id', needs: operate, handler: removeIdentity },
  { methods: ['GET'], path: '/ops/people', needs: operate, handler: listPeople },
  {
    methods: ['POST'],
    path: '/ops/people/merge',
    needs: { all: [{ permission: 'operate' }, { permission: 'assign' }] },
    handler: mergePeople,
  },
  {
    methods: ['POST'],
    path: '/ops/people/split',
    needs: { all: [{ permission: 'operate' }, { permission: 'assign' }] },
    handler: splitPeople,
  },
];

/** The routes for operators, besides the probes of an `ops` mount. */
export const operatorPatterns: readonly GuardedPattern[] = table;

/** Binds the routes to the parts of a mount. */
export const operatorRoutes = (parts: OperatorParts): Route[] => tieRoutes(table, parts);
