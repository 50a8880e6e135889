import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { SinkFiles } from './fcm-sink.ts';

const reply = JSON.stringify({ name: 'projects/bench-project/messages/1' });
let taken = 0;

process.on('disconnect', () => process.exit());
process.on('message', (message: SinkFiles | 'taken') => {
  if (message === 'taken') process.send?.(taken);
  else serve(message);
});

function serve(files: SinkFiles): void {
  const server = createSecureServer(files);
  server.on('stream', (stream) => {
    stream.resume().on('end', () => {
      taken += 1;
      stream.respond({ ':status': 200, 'content-type': 'application/json' });
      stream.end(reply);
    });
  });
  const tokens = createServer((_, response) =>
    response.end(JSON.stringify({ access_token: 'bench', expires_in: 3600, token_type: 'Bearer' })),
  );
  server.listen(0, () => tokens.listen(0, '127.0.0.1', () => process.send?.([portOf(server), portOf(tokens)])));
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}
