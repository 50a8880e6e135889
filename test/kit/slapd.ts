import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Attribute, Change, Client } from 'ldapts';
import { certificateAuthority } from './certificates.ts';
import { haveProgram, installPackages, runQuietly } from './debian.ts';
import { freePort } from './ports.ts';
import { type Cleanup, temporaryFolder } from './temporary.ts';

/** A real OpenLDAP server on loopback, with the users in `people`. */
export type Slapd = {
  ldap: string;
  ldaps: string;
  /** PEM file of the authority of its certificate. */
  caFile: string;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Sets an attribute of an entry below the root, in place of old values; without a value it removes the attribute. */
  set(entry: string, attribute: string, value?: string): Promise<void>;
};

/** The users in the directory. It also holds difficult entries: `twin` twice, `nameless` without a login name. */
export const people = {
  alice: 'wonderland',
  zoë: 'straße 7',
  bob: 'builder',
  gone: 'with the wind',
  past: 'perfect',
  svc: 'searcher',
} as const;
/** The directory's root, and the account that may search it. */
export const directory = { baseDn: 'dc=corp,dc=example', bindDn: 'cn=svc,dc=corp,dc=example' } as const;

/** The account that may change it. */
const root = { dn: `cn=root,${directory.baseDn}`, password: 'all of it' };

const program = '/usr/sbin/slapd';
/** Debian's paths; other systems lay the files out differently. */
const isThere = (): boolean => [program, '/etc/ldap/schema/core.schema', '/usr/lib/ldap/back_mdb.so'].every((file) => existsSync(file));

/** Whether there is a slapd. A missing one is installed without a directory. @see haveProgram */
export const haveSlapd = (): boolean => haveProgram({ name: program, packages: ['slapd'], unproved: 'LDAP', isThere, install });

function install(): void {
  runQuietly('debconf-set-selections', [], { input: 'slapd slapd/no_configuration boolean true\n' });
  installPackages('slapd');
}

/** Starts a new directory that `undo` stops. `lines` are added to its configuration. */
export async function givenSlapd(undo: Cleanup, lines: readonly string[] = []): Promise<Slapd> {
  const folder = temporaryFolder(undo);
  const [plainPort, tlsPort] = [await freePort(), await freePort()];
  const authority = certificateAuthority();
  const { certificate, key } = authority.issue();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const caFile = file('ca.pem', authority.certificate);
  const configFile = file(
    'slapd.conf',
    configText(folder, { certificateFile: file('server.pem', certificate), keyFile: file('key.pem', key), lines }),
  );
  mkdirSync(join(folder, 'data'));
  const added = spawnSync(program, ['-T', 'add', '-q', '-f', configFile, '-l', file('people.ldif', ldif)], { encoding: 'utf8' });
  if (added.status !== 0) throw new Error(`slapadd: ${added.stderr}`);
  let child: ChildProcess | undefined;
  const slapd: Slapd = {
    ldap: `ldap://127.0.0.1:${plainPort}`,
    ldaps: `ldaps://localhost:${tlsPort}`,
    caFile,
    async start() {
      child = spawn(program, ['-d', 'stats', '-f', configFile, '-h', `ldap://127.0.0.1:${plainPort} ldaps://127.0.0.1:${tlsPort}`], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      await listening(child, [plainPort, tlsPort]);
    },
    async stop() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGKILL');
      await ended;
    },
    async set(entry, attribute, value) {
      const client = new Client({ url: slapd.ldap });
      await client.bind(root.dn, root.password);
      const modification = new Attribute({ type: attribute, values: value === undefined ? [] : [value] });
      await client.modify(`${entry},${directory.baseDn}`, new Change({ operation: 'replace', modification }));
      await client.unbind();
    },
  };
  undo.later(() => slapd.stop());
  await slapd.start();
  return slapd;
}

/** Resolves when it accepts connections, which is a moment after it says so. */
async function listening(child: ChildProcess, ports: readonly number[]): Promise<void> {
  let told = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    if (told.length < 10_000) told += text;
  });
  for (const port of ports) {
    while (!(await takesConnections(port))) {
      if (child.exitCode !== null || child.signalCode !== null) throw new Error(`slapd ended: ${told}`);
      await sleep(10);
    }
  }
}

async function takesConnections(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return once(socket, 'connect')
    .then(
      () => true,
      () => false,
    )
    .finally(() => socket.destroy());
}

/** Attributes of Active Directory; slapd's own schema has no matching rules for them. */
const activeDirectory = `
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.656 NAME 'userPrincipalName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.159 NAME 'accountExpires' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.2 NAME 'objectGUID' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 SINGLE-VALUE )
`;

/** Account-state attributes of other directories, as texts, under private numbers. */
const accountStates = [
  'msDS-User-Account-Control-Computed',
  ...['nsAccountLock', 'krbPrincipalExpiration', 'pwdAccountLockedTime', 'pwdEndTime'],
  ...['loginDisabled', 'loginExpirationTime', 'lockedByIntruder', 'shadowExpire'],
]
  .map((name, index) => `attributetype ( 1.1.2.${index + 1} NAME '${name}' SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )`)
  .join('\n');

/**
 * Unauthenticated binds succeed here, as in many directories, so a gateway that sends an empty password lets every user
 * in.
 */
const configText = (
  folder: string,
  { certificateFile, keyFile, lines }: { certificateFile: string; keyFile: string; lines: readonly string[] },
): string => `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
${activeDirectory}
${accountStates}
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${folder}/slapd.pid
TLSCertificateFile ${certificateFile}
TLSCertificateKeyFile ${keyFile}
allow bind_anon_cred bind_anon_dn
${lines.join('\n')}
database mdb
suffix ${directory.baseDn}
rootdn ${root.dn}
rootpw "${root.password}"
directory ${folder}/data
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact=${directory.bindDn} read by * none
`;

const encoded = (text: string): string => Buffer.from(text).toString('base64');
const person = (dn: string, lines: readonly string[]): string =>
  [`dn:: ${encoded(`${dn},${directory.baseDn}`)}`, 'objectClass: inetOrgPerson', 'objectClass: extensibleObject', ...lines, ''].join('\n');
const withPassword = (password: string): string => `userPassword:: ${encoded(password)}`;

const ldif = [
  `dn: ${directory.baseDn}\nobjectClass: dcObject\nobjectClass: organization\no: Corp\ndc: corp\n`,
  `dn: ${directory.bindDn}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: svc\n${withPassword(people.svc)}\n`,
  ...['people', 'more'].map((ou) => `dn: ou=${ou},${directory.baseDn}\nobjectClass: organizationalUnit\nou: ${ou}\n`),
  person('uid=alice,ou=people', [
    'uid: alice',
    'cn: Alice Liddell',
    'sn: Liddell',
    'givenName: Alice',
    'mail: alice@corp.example',
    'telephoneNumber: +49 1',
    'mobile: +49 2',
    'ou: admins',
    'ou: staff',
    'sAMAccountName: ALiddell',
    'userPrincipalName: alice@corp.example',
    `objectGUID:: ${Buffer.from('33221100554477668899aabbccddeeff', 'hex').toString('base64')}`,
    withPassword(people.alice),
  ]),
  person('uid=zoë,ou=people', [`uid:: ${encoded('zoë')}`, 'cn: Zoe', `sn:: ${encoded('Größe')}`, withPassword(people.zoë)]),
  person('uid=gone,ou=people', ['uid: gone', 'cn: Gone', 'sn: G', 'userAccountControl: 514', withPassword(people.gone)]),
  person('uid=past,ou=people', ['uid: past', 'cn: Past', 'sn: P', 'accountExpires: 133000000000000000', withPassword(people.past)]),
  person('uid=bob,ou=more', ['uid: bob', 'cn: Bob', 'sn: B', withPassword(people.bob)]),
  ...['people', 'more'].map((ou) => person(`uid=twin,ou=${ou}`, ['uid: twin', 'cn: Twin', 'sn: T', withPassword('same')])),
  person('cn=nameless,ou=people', ['cn: nameless', 'sn: N', withPassword('none')]),
].join('\n');
