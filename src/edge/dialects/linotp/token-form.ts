import type { TokenForm } from '../../../engine/index.ts';

/** What the push tokens of this dialect are like. */
export const tokenForm: TokenForm = {
  type: 'push',
  phone: { protocol: 'linotp', flavour: 'linotp' },
  serialPrefix: 'KIPT',
  // The pairing URL holds no secret: who knows the serial may pair first.
  serialBytes: 8,
};
