export { type Admin, type AdminTokens, openAdminTokens, type TokenRefusal } from './admin-tokens.ts';
export { type AuthServer, authServerConfig, type CallerFacts, localServer, openAuthServers } from './auth-servers.ts';
