import { z } from 'zod';
import { readEdumfaOffer } from './edumfa-uri.ts';
import type { Outcome } from './outcome.ts';
import { type Offer, readOffer } from './uri.ts';

/** The apps that a phone has: the privacyIDEA Authenticator, the eduMFA Authenticator, and authenticator-next, which follows it. */
export const AppName = z.enum(['privacyidea', 'edumfa', 'edumfa-next']);
/** One of them. */
export type AppName = z.output<typeof AppName>;

/** What one app does in its own way. */
export type App = {
  readOffer(text: string): Outcome<Offer>;
  headers: { POST: Record<string, string>; GET: Record<string, string> };
  /** Bodies are JSON, and a number in them says whether it is a decline. */
  sendsJson: boolean;
  /** What it says it understands, with a rollout, a poll and an address update. */
  says: { capabilities?: string };
  /** Answers go to the URL of the QR code, whatever the message says. */
  answersWhereItEnrolled: boolean;
  /** HTTP statuses of a poll that mean that nothing is waiting. */
  nothingWaiting: readonly number[];
  updatesAddress: boolean;
};

const version = '4.8.0';
const form = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
const edumfaAgent = { 'user-agent': 'eduMFA-App/1.4.0 Android/15' };
/** React Native leaves the name to its HTTP library. */
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

/** The app of this name; the privacyIDEA Authenticator where none is named. */
export const appOf = ({ app = 'privacyidea' }: { app?: AppName | undefined }): App => apps[app];
