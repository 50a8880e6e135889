import type { PinRule } from '../../../../engine/index.ts';
import type { Facts, Policy } from '../../../../policy/index.ts';

/** The policies' rule for the pass of a first leg. @see docs/protocols/linotp.md 10.1 */
export const passRule = (policy: Policy, facts: Facts): PinRule => policy.value('otppin', facts) ?? 'tokenpin';
