import type { GatewayEvent, Tell } from '../model/index.ts';
import type { Metrics } from './metrics.ts';

/** Counts the events that operators have alerts and panels for. */
export const countEvents =
  (metrics: Metrics): Tell =>
  (event: GatewayEvent) => {
    switch (event.kind) {
      case 'login-started':
        return metrics.loginsStarted.inc({ auth_server: event.origin.authServer });
      case 'login-refused':
        return metrics.loginsRefused.inc({ auth_server: event.origin.authServer, reason: event.reason });
      case 'login-finished':
        return metrics.loginsFinished.inc({ auth_server: event.authServer });
      case 'result-undelivered':
        return metrics.resultsUndelivered.inc({ auth_server: event.authServer, because: event.because });
      case 'login-reported':
        return metrics.fraudReports.inc({});
      case 'bare-decline':
        return metrics.bareDeclines.inc({});
      case 'challenge-displaced':
        return metrics.challengesDisplaced.inc({ auth_server: event.authServer });
      case 'phone-muted':
        return metrics.phonesMuted.inc({ because: event.because });
      case 'logins-quiet':
        return metrics.loginsQuiet.inc({ auth_server: event.authServer });
      case 'push-withheld':
        return metrics.pushesWithheld.inc({});
      case 'administrator-refused':
        return metrics.administratorsRefused.inc({});
      case 'audit-lost':
        return metrics.auditLost.inc({}, event.count);
      default:
        return undefined;
    }
  };
