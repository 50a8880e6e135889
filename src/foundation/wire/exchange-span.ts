import type { Result } from '../model/index.ts';
import { outsideSpan, type SpanAttributes } from '../telemetry/spans.ts';

/**
 * Traces an HTTP exchange. Only the server is named: paths and queries contain device addresses, project names and
 * credentials.
 */
export const exchangeSpan = <Reply extends { status: number }, Refusal extends string>(
  method: string,
  url: () => string,
  send: () => Promise<Result<Reply, Refusal>>,
): Promise<Result<Reply, Refusal>> =>
  outsideSpan(
    method,
    () => ({ 'http.request.method': method, ...serverOf(url()) }),
    async (noting) => {
      const sent = await send();
      if (sent.ok) noting.note({ 'http.response.status_code': sent.value.status });
      if (!sent.ok || sent.value.status >= 400) noting.failed(sent.ok ? String(sent.value.status) : sent.error);
      return sent;
    },
  );

function serverOf(url: string): SpanAttributes {
  const server = URL.parse(url);
  if (!server) return {};
  const { hostname, port, protocol } = server;
  return { 'server.address': hostname, 'server.port': Number(port) || (protocol === 'http:' ? 80 : 443) };
}
