import type { Owner } from '../../../foundation/model/index.ts';
import { PiFault } from '../../formats/privacyidea/index.ts';

/** There is no such push token, or none that the caller may know of. */
export const noSuchToken = (): PiFault => new PiFault('not-found', 'The requested token could not be found.');

/** Says that the owner whom a call names is nobody. */
export const noSuchOwner = (): string => 'The user can not be found in any resolver in this realm!';

/** What is revoked stays what it is. */
export const isRevoked = (): PiFault => new PiFault('revoked', 'This action is not possible, since the token is revoked.');

/** What has an owner is not given to another. */
export const isAssigned = ({ user, realm, resolver }: Owner): PiFault =>
  new PiFault('assigned', `Token already assigned to user User(login='${user}', realm='${realm}', resolver='${resolver}')`);
