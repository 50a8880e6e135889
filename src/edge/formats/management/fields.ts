import { z } from 'zod';
import { longestName } from '../../../foundation/model/index.ts';

/** A name in requests, without whitespace around it: of a user, realm, push token or challenge. */
export const nameField = z.string().trim().min(1).max(longestName);

/** A moment (epoch ms) in replies: ISO 8601, UTC. */
export const iso = (moment: number): string => new Date(moment).toISOString();

/** The same; undefined without a moment. */
export const isoOr = (moment: number | undefined): string | undefined => (moment === undefined ? undefined : iso(moment));
