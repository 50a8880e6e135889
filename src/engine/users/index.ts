export { accountName, checkAccount, putAccount } from './accounts.ts';
export { openRealms, type Realms, realmConfig } from './realms.ts';
