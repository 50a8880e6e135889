export type { Device } from './devices.ts';
export type { Delivery, Exchange } from './exchange.ts';
export { type Fakes, type FakesOptions, fakeServiceAccount, type Ports, startFakes } from './fakes.ts';
export { type FakeName, type FaultInput, hexAddress } from './fault.ts';
