/** The texts of the waiting page in one language. */
export type PageTexts = Readonly<Record<keyof typeof english, string>>;

const english = {
  title: 'Confirm on your phone',
  lead: 'A message is waiting on your phone. Open it and answer there.',
  number: 'Choose this number on your phone:',
  left: 'Time left:',
  cancel: 'Cancel',
  pending: 'Waiting for your answer.',
  code_shown: 'Your phone shows a code.',
  accepted: 'Confirmed. You are going back.',
  consumed: 'Confirmed.',
  declined: 'You declined on your phone.',
  locked: 'Too many wrong answers.',
  withdrawn: 'Cancelled.',
  expired: 'The time is over.',
  back: 'Go back',
  lost: 'No connection. Trying again.',
  gone: 'This page is no longer valid.',
  goneLead: 'Go back to where you came from and start again.',
};

const german: PageTexts = {
  title: 'Auf dem Telefon bestätigen',
  lead: 'Auf Ihrem Telefon wartet eine Nachricht. Öffnen und beantworten Sie sie dort.',
  number: 'Wählen Sie auf dem Telefon diese Zahl:',
  left: 'Verbleibende Zeit:',
  cancel: 'Abbrechen',
  pending: 'Ihre Antwort wird erwartet.',
  code_shown: 'Ihr Telefon zeigt einen Code.',
  accepted: 'Bestätigt. Sie werden zurückgeleitet.',
  consumed: 'Bestätigt.',
  declined: 'Sie haben auf dem Telefon abgelehnt.',
  locked: 'Zu viele falsche Antworten.',
  withdrawn: 'Abgebrochen.',
  expired: 'Die Zeit ist abgelaufen.',
  back: 'Zurück',
  lost: 'Keine Verbindung. Neuer Versuch läuft.',
  gone: 'Diese Seite gilt nicht mehr.',
  goneLead: 'Gehen Sie dorthin zurück, woher Sie kommen, und beginnen Sie neu.',
};

/** The languages of the page, by their codes. */
export const languages = { en: english, de: german } as const satisfies Record<string, PageTexts>;

/** A language of the page. */
export type Language = keyof typeof languages;
