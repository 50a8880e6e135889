/** An administrator who may log in with a password. `passwordHash` is a password hash, never the password. */
export type AdminAccount = { name: string; passwordHash: string; createdAt: number };
