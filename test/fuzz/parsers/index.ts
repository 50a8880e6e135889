import type { Parser } from '../engine/parser.ts';
import { callers } from './callers.ts';
import { encodings } from './encodings.ts';
import { farSides } from './far-sides.ts';
import { keycloak } from './keycloak.ts';
import { linotpPhone } from './linotp-phone.ts';
import { pipush } from './pipush.ts';
import { requests } from './requests.ts';
import { texts } from './texts.ts';

/** Every parser that a stranger's bytes reach; a new one is a row in one of these. */
export const parsers: readonly Parser[] = [
  ...encodings,
  ...pipush,
  ...linotpPhone,
  ...requests,
  ...callers,
  ...keycloak,
  ...farSides,
  ...texts,
];
