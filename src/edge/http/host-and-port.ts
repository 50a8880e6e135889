const addressForm = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/;

/** Host and port of `127.0.0.1:8080`, `[::1]:8080` or `localhost:8080`; undefined for anything else. */
export function hostAndPort(address: string): { host: string; port: number } | undefined {
  const [, v6, name, port] = addressForm.exec(address) ?? [];
  const host = v6 ?? name;
  if (host === undefined || Number(port) > 65_535) return undefined;
  return { host, port: Number(port) };
}

/** The URL of a listener for programs on its own machine: by loopback where it listens on every address. */
export const localUrl = (address: string, isSecure: boolean): string =>
  `${isSecure ? 'https' : 'http'}://${address.replace(/^(0\.0\.0\.0|\[::\]):/, '127.0.0.1:')}`;
