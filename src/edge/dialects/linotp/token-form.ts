import type { TokenForm } from '../../../engine/index.ts';

/** The form of this dialect's push tokens. */
export const tokenForm: TokenForm = {
  type: 'push',
  phone: { protocol: 'linotp', flavour: 'linotp' },
  serialPrefix: 'KIPT',
  // The pairing URL holds no secret, and the first phone that knows the serial may pair, so serials must not be
  // guessable.
  serialBytes: 8,
};
