import { type FakeName, Fault, type FaultInput, faultOfAddress } from './fault.ts';

/** The target of a request: its fake, endpoint and device address, if any. */
export type Aim = { fake: FakeName; endpoint: 'send' | 'token'; address: string | undefined };

/** The configured faults. */
export type Faults = {
  /** Adds a fault after earlier ones. Throws a ZodError for one without an effect, or with two. */
  add(fault: FaultInput): void;
  clear(): void;
  list(): Fault[];
  /** The fault for this request, if any: its address's own, else the first matching one, which counts as used once. */
  take(aim: Aim): Fault | undefined;
};

/** Opens an empty list. */
export function openFaults(): Faults {
  let ordered: Fault[] = [];
  return {
    add: (fault) => void ordered.push(Fault.parse(fault)),
    clear: () => {
      ordered = [];
    },
    list: () => [...ordered],
    take(aim) {
      const own = aim.endpoint === 'send' && aim.address !== undefined ? faultOfAddress(aim.address) : undefined;
      const found = own ?? ordered.find((fault) => fits(fault, aim));
      if (found?.times !== undefined) {
        const left = found.times - 1;
        ordered = ordered.flatMap((each) => (each !== found ? [each] : left > 0 ? [{ ...each, times: left }] : []));
      }
      return found;
    },
  };
}

function fits({ fake, endpoint, match }: Fault, aim: Aim): boolean {
  if ((fake !== undefined && fake !== aim.fake) || endpoint !== aim.endpoint) return false;
  return match === undefined || (aim.address !== undefined && globOf(match).test(aim.address));
}

const globOf = (match: string): RegExp => new RegExp(`^${match.split('*').map(literal).join('.*')}$`, 's');
const literal = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
