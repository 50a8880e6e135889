import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import bcrypt from 'bcryptjs';
import { type GatewayWishes, type GivenGateway, givenGateway } from '../../../../kit/gateway.ts';
import { type Cleanup, temporaryFolder } from '../../../../kit/temporary.ts';

/** A user of a file as a test gives it, with the password in the clear. */
export type TestUser = { username: string; password?: string; userid?: string; givenname?: string; surname?: string; email?: string } & {
  phone?: string;
  mobile?: string;
  groups?: string[];
  disabled?: boolean;
  expires?: string;
};

/** One of them, with all fields that a file can have. */
export const alice: TestUser = {
  username: 'alice',
  password: 'wonderland',
  userid: '7',
  givenname: 'Alice',
  surname: 'Liddell',
  email: 'alice@corp.example',
  phone: '1',
  mobile: '2',
  groups: ['staff', 'vpn'],
};
/** The users in the file before a test changes it. */
export const everybody: readonly TestUser[] = [alice, { username: 'bob', password: 'builder' }];

/** A gateway whose realm `corp` has a file of users; the realm `guests` has none. */
export type GivenPeople = GivenGateway & {
  /** Replaces the users of the file. */
  write(users: readonly TestUser[]): void;
  /** The entries of these push tokens in the token list. */
  shown(query: Record<string, string>): Promise<Record<string, unknown>[]>;
};

/** The file as it is stored. */
export function writeUsers(file: string, users: readonly TestUser[]): void {
  const hashed = users.map(({ password, ...user }) => ({ ...user, ...(password && { password: bcrypt.hashSync(password, 4) }) }));
  writeFileSync(file, JSON.stringify(hashed));
}

/** Starts it; `others` are further sources of the realm. */
export async function givenPeople(undo: Cleanup, wishes: GatewayWishes = {}, others: readonly object[] = []): Promise<GivenPeople> {
  const file = join(temporaryFolder(undo), 'staff.json');
  const write = (users: readonly TestUser[]): void => writeUsers(file, users);
  write(everybody);
  const sources = [{ name: 'staff', kind: 'file', config: { file } }, ...others];
  const realms = [
    { name: 'corp', default: true, users: sources.map((source) => ('name' in source ? source.name : '')) },
    { name: 'guests' },
  ];
  const gateway = await givenGateway(undo, { ...wishes, more: { realms, userSources: sources, ...wishes.more } });
  return {
    ...gateway,
    write,
    shown: async (query) => (await gateway.client.get('/token/', query, gateway.admin)).body.result.value.tokens,
  };
}

/** A rule for everybody. */
export const rule = (name: string, actions: object, scope = 'authentication') => ({ name, scope, actions });
