export {
  type AccountChanged,
  type AccountStatus,
  type Accounts,
  accountName,
  accountNameForm,
  lastAccountText,
  openAccounts,
  passwordProblem,
} from './accounts.ts';
export { type Directory, type NoUser, openDirectory } from './directory.ts';
export { openRadiusServers, type RadiusServers, radiusServerConfig } from './radius-servers.ts';
export { openRealms, type Realms, realmConfig } from './realms.ts';
export { openUserSource, tryUserSources, type UserSourceEntry, userSourceConfig } from './sources.ts';
export type { Lookup, PasswordVerdict, SourceCheck, UserRecord, UserSource } from './user-source.ts';
