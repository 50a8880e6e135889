import type { Context } from 'koa';
import type { Engine } from '../../../engine/index.ts';
import type { SourceLimits } from '../../../engine/limits/index.ts';
import type { Clock, Tell } from '../../../foundation/model/index.ts';
import type { Log } from '../../../foundation/telemetry/index.ts';
import type { Keycloak } from './keycloaks.ts';

/** The parts of the dialect. */
export type KeycloakParts = {
  /** The path of the mount. */
  path: string;
  engine: Engine;
  keycloaks: readonly Keycloak[];
  limits: Pick<SourceLimits, 'failedOrThrow'>;
  clientAddress: (ctx: Context) => string;
  /** Work that goes on after the reply. */
  background: (what: string, work: () => Promise<unknown>) => void;
  clock: Clock;
  log: Log;
  tell: Tell;
};

/** The dialect's name in log, metrics and policies. */
export const dialect = 'keycloak-ciba';
