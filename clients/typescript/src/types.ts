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
