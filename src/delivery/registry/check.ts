import type { Log } from '../../foundation/telemetry/index.ts';
import { wireErrorOf } from '../../foundation/wire/index.ts';
import type { CheckResult } from '../provider-kit/index.ts';
import type { Opened } from './open-provider.ts';

const graceMs = 250;

/**
 * Proves the credentials of a provider. It ends with the signal even where the provider does not, which has a moment to say what it was waiting
 * for; what the provider throws is a problem like any other.
 */
export async function checkOne({ name, provider }: Opened, signal: AbortSignal, log: Log): Promise<CheckResult> {
  let grace: NodeJS.Timeout | undefined;
  const late = new Promise<CheckResult>((resolve) => {
    const onEnd = (): void => {
      grace = setTimeout(() => resolve(notInTime), graceMs);
    };
    if (signal.aborted) onEnd();
    else signal.addEventListener('abort', onEnd, { once: true });
  });
  try {
    return await Promise.race([provider.check(signal), late]);
  } catch (error) {
    const end = wireErrorOf(error, signal);
    if (end) return { ok: false, problem: `The far side cannot be reached (${end}). Look at the network, the firewall and the proxy.` };
    log.error({ err: error, provider: name }, 'a provider threw; that is a defect of the provider');
    return { ok: false, problem: 'The provider threw an error, which is a defect of the provider. The log says more.' };
  } finally {
    clearTimeout(grace);
  }
}

const notInTime: CheckResult = {
  ok: false,
  problem: 'The far side did not answer in time. Look at the network, the firewall and the proxy.',
};
