/** Whether two names are of one user, or of one realm: case tells nobody apart. */
export const isSameName = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();
