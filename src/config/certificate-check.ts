import type { Problem } from './problem.ts';
import type { Config } from './schema.ts';

/** Certificates of auth servers that nobody could show, and those by which two auth servers would be known. */
export function checkCertificates({ authServers, listeners }: Config): Problem[] {
  const all = authServers.flatMap(({ name, mounts, certificates }, server) =>
    certificates.map((entry, place) => ({
      name,
      mounts,
      key: JSON.stringify(entry),
      path: ['authServers', server, 'certificates', place],
    })),
  );
  const asking = new Set(listeners.flatMap(({ tls, mounts }) => (tls?.clientCa === undefined ? [] : mounts.map(({ path }) => path))));
  return all.flatMap(({ name, mounts, key, path }): Problem[] => {
    const first = all.find((other) => other.key === key);
    if (first && first.name !== name) return [{ path, message: `is that of ${first.name} already; give each its own`, level: 'error' }];
    if (mounts.some((mount) => asking.has(mount))) return [];
    return [
      {
        path,
        message: 'no listener of its mounts asks for client certificates; set tls.clientCa and tls.clientCertificate',
        level: 'warning',
      },
    ];
  });
}
