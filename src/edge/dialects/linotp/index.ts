import { type Handler, type Route, type RoutePattern, tieRoutes } from '../../http/index.ts';
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
  { methods: both, path: '/validate/check', handler: validateCheck },
  { methods: both, path: '/validate/check_s', handler: validateCheckSerial },
  { methods: both, path: '/validate/check_t', handler: validateCheckTransaction },
  { methods: both, path: '/validate/check_status', handler: validateCheckStatus },
  { methods: both, path: '/validate/simplecheck', handler: validateSimpleCheck },
  { methods: both, path: '/validate/ok', handler: validateOk },
  { methods: both, path: '/validate/fail', handler: validateFail },
  { methods: ['POST'], path: '/admin/login', handler: adminLogin },
  { methods: both, path: '/admin/logout', handler: adminLogout },
  { methods: ['POST'], path: '/admin/init', handler: adminInit },
  { methods: both, path: '/admin/show', handler: adminShow },
  { methods: both, path: '/admin/checkstatus', handler: adminCheckStatus },
  { methods: ['POST'], path: '/admin/enable', handler: adminEnable },
  { methods: ['POST'], path: '/admin/disable', handler: adminDisable },
  { methods: ['POST'], path: '/admin/reset', handler: adminReset },
  { methods: ['POST'], path: '/admin/remove', handler: adminRemove },
  { methods: ['POST'], path: '/admin/set', handler: adminSet },
  { methods: both, path: '/system/getProvider', handler: getProvider },
  { methods: both, path: '/system/testProvider', handler: testProvider },
  { methods: both, path: '/system/getProviderDef', handler: getProviderDef },
  { methods: ['POST'], path: '/system/setProvider', handler: changeProvider },
  { methods: ['POST'], path: '/system/setDefaultProvider', handler: changeProvider },
  { methods: ['POST'], path: '/system/delProvider', handler: changeProvider },
  { methods: both, path: '/system/getConfig', handler: getConfig },
  { methods: ['POST'], path: '/system/setConfig', handler: changeConfig },
  { methods: ['POST'], path: '/system/delConfig', handler: changeConfig },
  { methods: ['POST'], path: '/system/setPolicy', handler: changeConfig },
  { methods: ['POST'], path: '/system/delPolicy', handler: changeConfig },
  { methods: ['GET'], path: '/auth/pushtoken', handler: testPage },
];

/** The routes of a LinOTP mount, besides those of its phones. */
export const linotpPatterns: readonly RoutePattern[] = table;

/** Binds the routes to the parts of a mount. */
export const linotpRoutes = (parts: LinotpParts): Route[] => tieRoutes(table, parts);
