import { z } from 'zod';

/**
 * A known device address. `unregisteredSince` (epoch ms): the app is gone. `environment` and `topics`: where its APNs
 * address is valid. `sender`: the Firebase project of its app.
 */
export const Device = z.strictObject({
  address: z.string().min(1),
  unregisteredSince: z.int().min(0).optional(),
  environment: z.enum(['production', 'sandbox']).optional(),
  topics: z.array(z.string()).optional(),
  sender: z.string().optional(),
});
/** A parsed device. */
export type Device = z.output<typeof Device>;

/** The known devices. Every other well-formed address works. */
export type Devices = { put(device: Device): void; find(address: string): Device | undefined; list(): Device[]; clear(): void };

/** Opens a register with these devices. APNs addresses are hex and ignore case. */
export function openDevices(devices: readonly Device[] = []): Devices {
  const known = new Map<string, Device>();
  const keyOf = (address: string): string => (/^[0-9a-f]+$/i.test(address) ? address.toLowerCase() : address);
  const put = (device: Device): void => void known.set(keyOf(device.address), device);
  for (const device of devices) put(device);
  return { put, find: (address) => known.get(keyOf(address)), list: () => [...known.values()], clear: () => known.clear() };
}
