import type { Credential } from 'firebase-admin/app';
import { z } from 'zod';
import type { Granted, GrantSource } from './access-token.ts';

/** Google's application default credentials, as found by firebase-admin, and the configured project, if any. */
export type DefaultGrants = { credential: Credential; project: string | undefined; clock: () => number };

const Failure = z.object({ status: z.number() }).or(z.object({ response: z.object({ status: z.number() }) }));

/**
 * Access tokens from the machine's credentials: the file in GOOGLE_APPLICATION_CREDENTIALS, else the login of gcloud,
 * else Google's metadata server. The library fetches them itself: it ignores our proxy and authorities, and keeps its
 * own token until shortly before its end.
 */
export function defaultGrants({ credential, project, clock }: DefaultGrants): GrantSource {
  return async () => {
    const now = clock();
    try {
      const { access_token, expires_in } = await credential.getAccessToken();
      const sendsFor = project ?? (await projectOf(credential));
      if (sendsFor === undefined) return noProject;
      return { ok: true, value: { token: access_token, project: sendsFor, expiresAt: now + expires_in * 1000 } };
    } catch (error) {
      return refusal(error);
    }
  };
}

const noProject: Granted = {
  ok: false,
  error: {
    kind: 'rejected',
    reason: 'configuration',
    detail: 'The application default credentials name no project. Set project_id to the id of the Firebase project.',
  },
};

/** The credential knows its project; its public type lacks the method. */
async function projectOf(credential: Credential): Promise<string | undefined> {
  if (!('getProjectId' in credential) || typeof credential.getProjectId !== 'function') return undefined;
  const project: unknown = await credential.getProjectId();
  return typeof project === 'string' && project !== '' ? project : undefined;
}

function refusal(error: unknown): Granted {
  const failure = Failure.safeParse(error);
  const status = failure.success ? ('status' in failure.data ? failure.data.status : failure.data.response.status) : undefined;
  const isMissing = error instanceof Error && error.message.includes('Could not load the default credentials');
  if (isMissing || status === 400 || status === 401 || status === 403) {
    const why = isMissing ? 'There are no application default credentials' : `The application default credentials were refused (${status})`;
    const detail = `${why}. Set service_account to a key file, or GOOGLE_APPLICATION_CREDENTIALS to the path of one.`;
    return { ok: false, error: { kind: 'rejected', reason: 'credentials', detail } };
  }
  const detail = 'the application default credentials gave no access token';
  return { ok: false, error: { kind: 'unavailable', reason: status === undefined ? 'connection' : 'server', detail } };
}
