import { type GuardedPattern, type Handler, type Route, tieRoutes } from '../../http/index.ts';
import { adminCheckStatus } from './admin/admin-checkstatus.ts';
import { adminInit } from './admin/admin-init.ts';
import { adminLogin, adminLogout } from './admin/admin-login.ts';
import { adminDisable, adminEnable, adminRemove, adminReset, adminSet, adminShow } from './admin/admin-tokens.ts';
import { changeProvider, getProvider, getProviderDef, testProvider } from './admin/providers.ts';
import { changeConfig, getConfig } from './admin/settings.ts';
import { validateCheck, validateCheckSerial, validateSimpleCheck } from './login/check.ts';
import { validateCheckStatus } from './login/check-status.ts';
import { validateCheckTransaction } from './login/check-t.ts';
import { validateFail, validateOk } from './login/constant.ts';
import { testPage } from './login/test-page.ts';
import type { LinotpParts } from './parts.ts';

export type { LinotpParts } from './parts.ts';

const both = ['GET', 'POST'] as const;

const table: readonly Handler<LinotpParts>[] = [
  { methods: both, path: '/validate/check', needs: { right: 'check' }, handler: validateCheck },
  { methods: both, path: '/validate/check_s', needs: { right: 'check' }, handler: validateCheckSerial },
  { methods: both, path: '/validate/check_t', needs: { right: 'check' }, handler: validateCheckTransaction },
  { methods: both, path: '/validate/check_status', needs: { right: 'poll' }, handler: validateCheckStatus },
  { methods: both, path: '/validate/simplecheck', needs: { right: 'check' }, handler: validateSimpleCheck },
  { methods: both, path: '/validate/ok', needs: 'public', handler: validateOk },
  { methods: both, path: '/validate/fail', needs: 'public', handler: validateFail },
  { methods: ['POST'], path: '/admin/login', needs: 'password', handler: adminLogin },
  { methods: both, path: '/admin/logout', needs: 'public', handler: adminLogout },
  { methods: ['POST'], path: '/admin/init', needs: { permission: 'enrollPUSH' }, handler: adminInit },
  { methods: both, path: '/admin/show', needs: { permission: 'tokenlist' }, handler: adminShow },
  { methods: both, path: '/admin/checkstatus', needs: { permission: 'getchallenges' }, handler: adminCheckStatus },
  { methods: ['POST'], path: '/admin/enable', needs: { permission: 'enable' }, handler: adminEnable },
  { methods: ['POST'], path: '/admin/disable', needs: { permission: 'disable' }, handler: adminDisable },
  { methods: ['POST'], path: '/admin/reset', needs: { permission: 'reset' }, handler: adminReset },
  { methods: ['POST'], path: '/admin/remove', needs: { permission: 'delete' }, handler: adminRemove },
  { methods: ['POST'], path: '/admin/set', needs: { permission: 'setpin' }, handler: adminSet },
  { methods: both, path: '/system/getProvider', needs: { permission: 'operate' }, handler: getProvider },
  { methods: both, path: '/system/testProvider', needs: { permission: 'operate' }, handler: testProvider },
  { methods: both, path: '/system/getProviderDef', needs: { permission: 'operate' }, handler: getProviderDef },
  { methods: ['POST'], path: '/system/setProvider', needs: { permission: 'operate' }, handler: changeProvider },
  { methods: ['POST'], path: '/system/setDefaultProvider', needs: { permission: 'operate' }, handler: changeProvider },
  { methods: ['POST'], path: '/system/delProvider', needs: { permission: 'operate' }, handler: changeProvider },
  { methods: both, path: '/system/getConfig', needs: { permission: 'operate' }, handler: getConfig },
  { methods: ['POST'], path: '/system/setConfig', needs: { permission: 'operate' }, handler: changeConfig },
  { methods: ['POST'], path: '/system/delConfig', needs: { permission: 'operate' }, handler: changeConfig },
  { methods: ['POST'], path: '/system/setPolicy', needs: { permission: 'operate' }, handler: changeConfig },
  { methods: ['POST'], path: '/system/delPolicy', needs: { permission: 'operate' }, handler: changeConfig },
  { methods: ['GET'], path: '/auth/pushtoken', needs: 'public', handler: testPage },
];

/** The routes of a LinOTP mount, besides those of its phones. */
export const linotpPatterns: readonly GuardedPattern[] = table;

/** Binds the routes to the parts of a mount. */
export const linotpRoutes = (parts: LinotpParts): Route[] => tieRoutes(table, parts);
