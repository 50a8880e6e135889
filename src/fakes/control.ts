import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { Device, type Devices } from './devices.ts';
import type { Delivery } from './exchange.ts';
import { Fault } from './fault.ts';
import type { Faults } from './faults.ts';

/** The parts that can be inspected and changed from outside. */
export type ControlOptions = {
  host: string;
  port: number;
  faults: Faults;
  devices: Devices;
  deliveries: () => readonly Delivery[];
  forget(): void;
};

/** The server of the control calls. */
export type ControlServer = { url: string; close(): Promise<void> };

/**
 * Serves the control calls for all fakes over plain HTTP on this machine: `PUT`, `GET` and `DELETE` on
 * `/__control/faults`, `/__control/devices` and (without `PUT`) `/__control/deliveries`. It has no authentication, so
 * it must listen on loopback.
 */
export async function serveControl(options: ControlOptions): Promise<ControlServer> {
  const server = createServer(async (request, response) => {
    const { status, body } = await answer(options, request);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(`${JSON.stringify(body, null, 2)}\n`);
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : options.port;
  return {
    url: `http://${options.host}:${port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

type Reply = { status: number; body: unknown };

async function answer(options: ControlOptions, request: IncomingMessage): Promise<Reply> {
  const { faults, devices, deliveries, forget } = options;
  // A web page could send requests here, but a browser always adds its origin.
  if (request.headers.origin !== undefined) return { status: 403, body: { error: 'not for browsers' } };
  const [path] = (request.url ?? '').split('?', 1);
  switch (`${request.method} ${path}`) {
    case 'PUT /__control/faults':
      return put(request, Fault, (fault) => faults.add(fault));
    case 'PUT /__control/devices':
      return put(request, Device, (device) => devices.put(device));
    case 'GET /__control/faults':
      return { status: 200, body: faults.list() };
    case 'GET /__control/devices':
      return { status: 200, body: devices.list() };
    case 'GET /__control/deliveries':
      return { status: 200, body: deliveries() };
    case 'DELETE /__control/faults':
      return done(() => faults.clear());
    case 'DELETE /__control/devices':
      return done(() => devices.clear());
    case 'DELETE /__control/deliveries':
      return done(forget);
    default:
      return { status: 404, body: { error: 'PUT, GET or DELETE on /__control/faults, /__control/devices or /__control/deliveries' } };
  }
}

async function put<T extends z.ZodType>(request: IncomingMessage, schema: T, keep: (value: z.output<T>) => void): Promise<Reply> {
  const read = schema.safeParse(parsed(await text(request)));
  if (!read.success) return { status: 400, body: { error: z.prettifyError(read.error) } };
  keep(read.data);
  return { status: 200, body: read.data };
}

function done(change: () => void): Reply {
  change();
  return { status: 200, body: [] };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
