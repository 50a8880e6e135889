import { listenersOf } from './auth-server-mounts.ts';
import type { Problem } from './problem.ts';
import type { Config } from './schema.ts';

/** Problems of auth servers' certificates: no listener asks for them, or two auth servers share one. */
export function checkCertificates({ authServers, listeners }: Config): Problem[] {
  const all = authServers.flatMap(({ name, mounts, certificates }, server) =>
    certificates.map((entry, place) => ({
      name,
      mounts,
      key: JSON.stringify(entry),
      path: ['authServers', server, 'certificates', place],
    })),
  );
  return all.flatMap(({ name, mounts, key, path }): Problem[] => {
    const first = all.find((other) => other.key === key);
    if (first && first.name !== name) return [{ path, message: `is that of ${first.name} already; give each its own`, level: 'error' }];
    if (mounts.some((mount) => listenersOf(mount, listeners).some(({ tls }) => tls?.clientCa !== undefined))) return [];
    return [
      {
        path,
        message: 'no listener of its mounts asks for client certificates; set tls.clientCa and tls.clientCertificate',
        level: 'warning',
      },
    ];
  });
}
