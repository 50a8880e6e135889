import { serveControl } from './control.ts';
import { type Device, type Devices, openDevices } from './devices.ts';
import type { Delivery, Exchange, Fake } from './exchange.ts';
import type { FaultInput } from './fault.ts';
import { openFaults } from './faults.ts';
import { type ServerOptions, serveFake } from './server.ts';

/** Options shared by all fakes of one start. */
export type StageOptions = {
  clock: () => number;
  tls: { certificate: string; key: string; ca: string };
  host?: string;
  hostname?: string;
  devices?: readonly Device[];
  onExchange?(exchange: Exchange): void;
};

/** Handles for a test or a command while the fakes run. */
export type Handles = {
  /** Accepted messages, in order. */
  deliveries: readonly Delivery[];
  /** The next message accepted after this call. */
  nextDelivery(): Promise<Delivery>;
  /** Throws a ZodError for a fault without an effect, or with two. */
  setFault(fault: FaultInput): void;
  clearFaults(): void;
  setDevice(device: Device): void;
  close(): Promise<void>;
};

/** The shared environment of the fakes: their servers, devices and handles. */
export type Stage = {
  devices: Devices;
  handles: Handles;
  /** Starts a server for a fake; returns its URL. */
  serve(fake: Fake, server: Partial<ServerOptions>): Promise<string>;
  /** Starts the server of the control calls; returns its URL. */
  serveControl(port: number): Promise<string>;
};

/** Opens an environment without servers. */
export function openStage(options: StageOptions): Stage {
  const { clock, tls, host = '127.0.0.1', hostname = 'localhost', onExchange = () => undefined } = options;
  const faults = openFaults();
  const devices = openDevices(options.devices);
  const deliveries: Delivery[] = [];
  const servers: { close(): Promise<void> }[] = [];
  let waiting: ((delivery: Delivery) => void)[] = [];
  const onDelivery = (delivery: Delivery): void => {
    deliveries.push(delivery);
    for (const tell of waiting.splice(0)) tell(delivery);
  };
  const keep = <T extends { url: string; close(): Promise<void> }>(server: T): string => {
    servers.push(server);
    return server.url;
  };
  // The control calls have no authentication, so they are on loopback only.
  const controlHost = '127.0.0.1';
  const common = { host, hostname, port: 0, tls, faults, clock, onExchange, onDelivery };
  return {
    devices,
    handles: {
      deliveries,
      nextDelivery: () => new Promise((resolve) => waiting.push(resolve)),
      setFault: (fault) => faults.add(fault),
      clearFaults: () => faults.clear(),
      setDevice: (device) => devices.put(device),
      async close() {
        waiting = [];
        await Promise.all(servers.splice(0).map((server) => server.close()));
      },
    },
    serve: async (fake, server) => keep(await serveFake(fake, { ...common, ...server })),
    serveControl: async (port) =>
      keep(
        await serveControl({
          host: controlHost,
          port,
          faults,
          devices,
          deliveries: () => deliveries,
          forget: () => void deliveries.splice(0),
        }),
      ),
  };
}
