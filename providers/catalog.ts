import apns from './apns/provider.ts';
import challengeService from './challenge-service/provider.ts';
import firebase from './firebase/provider.ts';
import pollOnly from './poll-only/provider.ts';
import webhook from './webhook/provider.ts';
import webpush from './webpush/provider.ts';

/** The kinds of provider that come along. */
export const catalog = [pollOnly, apns, challengeService, firebase, webhook, webpush] as const;
