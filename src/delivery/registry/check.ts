import type { Log } from '../../foundation/telemetry/index.ts';
import { wireErrorOf } from '../../foundation/wire/index.ts';
import type { CheckResult } from '../provider-kit/index.ts';
import type { Opened } from './open-provider.ts';

const graceMs = 250;

/**
 * Checks the credentials of a provider. It ends with the signal even when the provider does not, after a short grace in
 * which the provider can name the cause. An exception of the provider becomes a problem.
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
    if (end) return { ok: false, problem: `The remote side cannot be reached (${end}). Check the network, the firewall and the proxy.` };
    log.error({ err: error, provider: name }, 'a provider threw an error, which is a defect of the provider');
    return { ok: false, problem: 'The provider threw an error, which is a defect of the provider. The log says more.' };
  } finally {
    clearTimeout(grace);
  }
}

const notInTime: CheckResult = {
  ok: false,
  problem: 'The remote side did not answer in time. Check the network, the firewall and the proxy.',
};
