// Made from docs/reference/openapi.json by `npm run generate`.

export type NewChallenge = {
  /** The user to ask. */
  user?: string;
  /** The realm of the user. Without it, the default realm or the one in the name. */
  realm?: string;
  /** The push token to ask, in place of a user. */
  serial?: string;
  /** The title on the phone. */
  title?: string;
  /** What the user approves, as the phone shows and signs it. */
  text?: string;
  /** Details of it, one line each, such as {"Amount": "100 EUR"}. The phone signs them too. */
  context?: Record<string, string>;
  /** What the user does: pick the number that you show (presence), type a code from the phone (code), or only tap (confirm). Without it: presence on phones that can, else code, else the request is refused. */
  mode?: 'presence' | 'code' | 'confirm';
  /** A secret of the session that asks, such as a random id in its cookie. The challenge can only be consumed with it. */
  binding?: string;
  /** Makes a page for the browser of the user that shows the number, waits for the phone and leads back with a code. */
  page?: {
    /** Where the page sends the user back to: one of the returnUrls of this auth server, letter by letter. */
    returnUrl: string;
    /** Comes back with the user, as the parameter state. */
    state?: string;
  };
  /** How long the phone may answer. Policies may only shorten it. */
  validitySeconds?: number;
};

export type Challenge = {
  /** The id of the challenge: 20 digits. */
  id: string;
  status: 'pending' | 'code_shown' | 'accepted' | 'declined' | 'locked' | 'withdrawn' | 'consumed' | 'expired';
  /** Why the phone declined, if it did. */
  reason?: 'declined' | 'cancelled' | 'not-me';
  mode: 'presence' | 'code' | 'confirm';
  /** Mode presence, while it is pending: the number to show to the user. */
  number?: string;
  /** Mode code: the length of the code that the user types. */
  digits?: number;
  /** While it is pending: the address of the page to send the browser to, if one was asked for. */
  page?: string;
  user: string;
  realm: string;
  phones: Array<{
    serial: string;
    state: 'pending' | 'code_shown' | 'accepted' | 'declined' | 'locked' | 'closed';
  }>;
  createdAt: string;
  /** The phone may answer before this moment. */
  answerUntil: string;
  /** It may be consumed before this moment. An answer extends it. */
  consumeUntil: string;
};

export type ConsumedChallenge = {
  id: string;
  status: 'consumed';
  user: string;
  realm: string;
  /** The push token whose phone accepted. */
  serial: string;
};

export type Rollout = {
  serial: string;
  user?: string;
  realm?: string;
  /** The text of the QR code. It holds the credential of the rollout, so show it to the user only. */
  link: string;
  qr: {
    png: string;
  } | {
    svg: string;
  } | {
    text: string;
  };
  /** The phone may enrol before this moment. */
  expiresAt: string;
};

export type TokenSummary = {
  serial: string;
  type: string;
  /** The owner. */
  user?: string;
  /** The realm of the owner. */
  realm?: string;
  /** enrolled: a phone is bound. Before that the push token waits for its phone. */
  state: 'offered' | 'paired' | 'activating' | 'enrolled';
  enabled: boolean;
  /** It is out of use for good. */
  revoked: boolean;
  /** It has failed too often. */
  locked: boolean;
  failures: number;
  lastLogin?: string;
};

export type Token = {
  serial: string;
  type: string;
  /** The owner. */
  user?: string;
  /** The realm of the owner. */
  realm?: string;
  /** enrolled: a phone is bound. Before that the push token waits for its phone. */
  state: 'offered' | 'paired' | 'activating' | 'enrolled';
  enabled: boolean;
  /** It is out of use for good. */
  revoked: boolean;
  /** It has failed too often. */
  locked: boolean;
  failures: number;
  lastLogin?: string;
  /** The user source of the owner. */
  resolver?: string;
  /** The realms of the push token itself. */
  realms: Array<string>;
  description: string;
  maxFailures: number;
  lockedSince?: string;
  hasPin: boolean;
  /** How many logins it has accepted. */
  logins: number;
  createdAt: string;
  validFrom?: string;
  validUntil?: string;
  /** The provider recorded at the enrolment. */
  provider?: string;
  /** The path of the mount that enrolled it. */
  mount?: string;
  /** Where the phone enrols. */
  registrationUrl: string;
  phone: {
    protocol: string;
    flavour: string;
    capabilities: Array<string>;
  };
  notes: Record<string, string>;
  addresses: Array<Address>;
};

export type Address = {
  id: string;
  kind: 'fcm' | 'apns' | 'gda' | 'webpush';
  since: string;
  /** A provider said that the address no longer exists. */
  deadSince?: string;
};

export type Provider = {
  name: string;
  kind: string;
  default: boolean;
  /** The kinds of addresses that it serves. */
  addresses: Array<string>;
  /** The breaker: no push goes through an open one. */
  circuit: 'closed' | 'open' | 'half-open';
  inFlight: number;
  queued: number;
  lastSuccess?: string;
  lastError?: {
    at: string;
    reason: string;
    detail?: string;
  };
  /** When its credentials end. */
  expires: Array<{
    what: string;
    at: string;
  }>;
  servers: Array<{
    name: string;
    state: string;
  }>;
  /** How far the clock of the gateway is ahead of the provider. */
  clockSkewMs?: number;
  /** Why it could not be opened. */
  problem?: string;
};

export type PolicyExplanation = {
  rules: Array<{
    name: string;
    scope?: string;
    matched: boolean;
    mismatches: Array<{
      matcher: string;
      wants: string;
      was: string;
    }>;
    decides: Array<string>;
    overruled: Array<{
      action: string;
      by: string;
    }>;
  }>;
  limits: Array<{
    limit: string;
    value: number;
    rule?: string;
  }>;
  plan: {
    providers: Array<{
      name: string;
      kind: string;
      addresses: Array<string>;
    }>;
    deadlineMs: number;
    hedgeMs?: number;
    isTimeSensitive?: boolean;
    because: 'policy' | 'enrolment' | 'default' | 'none';
    rule?: string;
  };
};

export type Limits = {
  /** Phones with pushes that count. */
  phones: Array<{
    serial: string;
    user: string;
    realm: string;
    /** Pushes that rang lately and were not accepted. */
    unanswered: number;
    /** The phone is not rung before this moment. */
    mutedUntil?: string;
  }>;
  /** Logins that are quiet after too many wrong PINs. */
  quiet: Array<{
    user: string;
    realm: string;
    serial?: string;
    /** Only logins from unknown clients at this auth server are quiet. */
    authServer?: string;
    until: string;
  }>;
};

export type AuditEntry = {
  id: string;
  at: string;
  kind: string;
  /** The fields of the event; null where a person was erased. Absent after the retention time. */
  fields?: Record<string, unknown>;
};
