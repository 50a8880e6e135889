import { z } from 'zod';
import { readEdumfaOffer } from './edumfa-uri.ts';
import type { Outcome } from './outcome.ts';
import { type Offer, readOffer } from './uri.ts';

/**
 * The supported apps: the privacyIDEA Authenticator, the eduMFA Authenticator, and its successor authenticator-next.
 */
export const AppName = z.enum(['privacyidea', 'edumfa', 'edumfa-next']);
/** The name of an app. */
export type AppName = z.output<typeof AppName>;

/** The differences of one app. */
export type App = {
  readOffer(text: string): Outcome<Offer>;
  headers: { POST: Record<string, string>; GET: Record<string, string> };
  /** Bodies are JSON, with a number for decline. */
  sendsJson: boolean;
  /** Announced capabilities, in a rollout, a poll and an address update. */
  says: { capabilities?: string };
  /** Answers go to the URL of the QR code, not the message's. */
  answersWhereItEnrolled: boolean;
  /** HTTP statuses of a poll that mean "no challenges". */
  nothingWaiting: readonly number[];
  updatesAddress: boolean;
};

const version = '4.8.0';
const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const edumfaAgent = { 'user-agent': 'eduMFA-App/1.4.0 Android/15' };
/** React Native uses the user agent of its HTTP library. */
const nextAgent = { 'user-agent': 'okhttp/4.12.0' };

/** @see docs/protocols/privacyidea.md 15 */
const apps: Record<AppName, App> = {
  privacyidea: {
    readOffer,
    headers: {
      POST: { ...form, 'user-agent': `privacyIDEA-App/${version} Android/15` },
      GET: { 'user-agent': `privacyIDEA-App / Android ${version}` },
    },
    sendsJson: false,
    says: { capabilities: '["decline_reason"]' },
    answersWhereItEnrolled: false,
    nothingWaiting: [],
    updatesAddress: true,
  },
  edumfa: {
    readOffer: (text) => readEdumfaOffer(text, 'image'),
    headers: { POST: { ...form, ...edumfaAgent }, GET: edumfaAgent },
    sendsJson: false,
    says: {},
    answersWhereItEnrolled: false,
    nothingWaiting: [],
    updatesAddress: true,
  },
  'edumfa-next': {
    readOffer: (text) => readEdumfaOffer(text, 'imageUri'),
    headers: { POST: { 'content-type': 'application/json', ...nextAgent }, GET: { accept: 'application/json', ...nextAgent } },
    sendsJson: true,
    says: {},
    answersWhereItEnrolled: true,
    nothingWaiting: [204, 404],
    updatesAddress: false,
  },
};

/** The app of this name; by default the privacyIDEA Authenticator. */
export const appOf = ({ app = 'privacyidea' }: { app?: AppName | undefined }): App => apps[app];
