import type { MetricsSnapshot } from '../../foundation/telemetry/index.ts';
import type { Failure } from '../exit-codes.ts';

/**
 * Messages from the primary to a worker. `metrics` answers `metrics-wanted`; both carry the number that the worker
 * chose.
 */
export type ToWorker =
  | { kind: 'reload' }
  | { kind: 'stop' }
  | { kind: 'snapshot-wanted'; id: number }
  | { kind: 'metrics'; id: number; text: string };

/**
 * Messages from a worker to the primary. `ready`: it listens. `failed`: it could not start and ends; one sentence gives
 * the reason.
 */
export type ToPrimary =
  | { kind: 'ready'; urls: string[]; firstPassword: string | undefined }
  | { kind: 'failed'; message: string; failure: Failure }
  | { kind: 'snapshot'; id: number; snapshot: MetricsSnapshot }
  | { kind: 'metrics-wanted'; id: number };
