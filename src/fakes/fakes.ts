import { openApns } from './apns/apns.ts';
import { openProviderTokens } from './apns/apns-token.ts';
import { openChallengeService } from './challenge-service.ts';
import { apnsSigningKey, keyIdOf, serviceAccountFile, serviceAccountKey } from './credentials.ts';
import { openFcm } from './fcm/fcm.ts';
import { openAccessTokens } from './fcm/fcm-token.ts';
import { type Handles, openStage, type Stage, type StageOptions } from './stage.ts';

/**
 * What fakes are started with. `clock` is epoch ms; delays and slow bodies go by real time, all else by it. `tls` is the certificate of all servers and the
 * authority it is from (PEM); it must name `hostname` (localhost). `host` is where they listen (127.0.0.1).
 */
export type FakesOptions = StageOptions & {
  /** A client certificate of the same authority, handed on to those who need one: PEM. With it, the challenge service asks for one. */
  client?: { certificate: string; key: string } | undefined;
  /** Any free port where none is given; as many challenge service URLs as ports (two). */
  ports?: Partial<Ports>;
  /** PEM of the keys that clients sign with; made when they are not given. */
  keys?: { serviceAccount?: string; apns?: string };
  project?: string;
  topics?: readonly string[];
  accessTokenSeconds?: number;
};

/** The ports of the fakes. */
export type Ports = { control: number; fcm: number; apns: number; apnsSandbox: number; challengeService: readonly number[] };

/** Fakes that run, and what a client of each needs to know. */
export type Fakes = Handles & {
  /** Where the control calls go. */
  controlUrl: string;
  /** `serviceAccount` is the text of a key file. */
  fcm: { url: string; tokenUrl: string; project: string; serviceAccount: string };
  /** `key` is the text of a `.p8` file. */
  apns: { productionUrl: string; sandboxUrl: string; key: string; keyId: string; teamId: string; topic: string };
  challengeService: { urls: string[] };
  /** PEM of the authority that all servers are from. */
  ca: string;
  /** Client certificate and key in one PEM text. */
  clientCertificate: string | undefined;
};

/** Starts FCM, APNs (production and sandbox), a challenge service and their control server, on loopback unless told otherwise. */
export async function startFakes(options: FakesOptions): Promise<Fakes> {
  const { tls, client, ports = {} } = options;
  const stage = openStage(options);
  try {
    return {
      fcm: await startFcm(stage, options),
      apns: await startApns(stage, options),
      challengeService: { urls: await startChallengeService(stage, options) },
      controlUrl: await stage.serveControl(ports.control ?? 0),
      ca: tls.ca,
      clientCertificate: client && `${client.certificate}${client.key}`,
      ...stage.handles,
    };
  } catch (error) {
    await stage.handles.close();
    throw error;
  }
}

/** The name of the service account. */
export const fakeServiceAccount = 'push@pushgate-fakes.iam.gserviceaccount.com';

async function startFcm({ serve, devices }: Stage, options: FakesOptions): Promise<Fakes['fcm']> {
  const { clock, keys, ports, project = 'pushgate-fakes', accessTokenSeconds: lifeSeconds = 3600 } = options;
  const { pem, publicKey } = await serviceAccountKey(keys?.serviceAccount);
  const keyId = keyIdOf(publicKey);
  const tokens = openAccessTokens({ account: { email: fakeServiceAccount, keyId, publicKey }, clock, lifeSeconds });
  const url = await serve(openFcm({ project, tokens, devices, clock }), { port: ports?.fcm ?? 0 });
  const tokenUrl = `${url}/token`;
  return {
    url,
    tokenUrl,
    project,
    serviceAccount: serviceAccountFile({ project, email: fakeServiceAccount, keyId, pem, tokenUri: tokenUrl }),
  };
}

const keyId = 'FAKEKEY001';
const teamId = 'FAKETEAM01';

async function startApns({ serve, devices }: Stage, options: FakesOptions): Promise<Fakes['apns']> {
  const { clock, tls, keys, ports, topics = ['com.example.authenticator'] } = options;
  const { pem, publicKey } = await apnsSigningKey(keys?.apns);
  const start = (environment: 'production' | 'sandbox', port = 0): Promise<string> => {
    const tokens = openProviderTokens({ keyId, teamId, publicKey }, clock);
    const server = { port, http2Only: true, firstStreamAlone: true, client: { authority: tls.ca, required: false } };
    return serve(openApns({ environment, tokens, topics, devices, clock }), server);
  };
  const [productionUrl, sandboxUrl] = [await start('production', ports?.apns), await start('sandbox', ports?.apnsSandbox)];
  return { productionUrl, sandboxUrl, key: pem, keyId, teamId, topic: topics[0] ?? '' };
}

async function startChallengeService({ serve, devices }: Stage, { tls, client, ports }: FakesOptions): Promise<string[]> {
  const memory = new Map<string, string>();
  const urls: string[] = [];
  for (const port of ports?.challengeService ?? [0, 0]) {
    const server = { port, ...(client && { client: { authority: tls.ca, required: true } }) };
    urls.push(`${await serve(openChallengeService({ memory, devices }), server)}/v1/challenge`);
  }
  return urls;
}
