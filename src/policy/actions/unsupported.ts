const split = (names: string): readonly string[] => names.trim().split(/\s+/);

/** Policies of privacyIDEA and eduMFA for push tokens or their users that this gateway does not support yet. */
const notYet = split(`
  change_pin_every change_pin_on_first_use change_pin_via_validate enroll_via_multichallenge_template hide_auth_error_status
  hide_specific_error_message hide_tokeninfo max_active_token_per_user max_token_per_realm otp_pin_contents
  otp_pin_maxlength otp_pin_minlength otp_pin_random passonnotoken_ignore_rollout_state passthru_ignore_rollout_state
  pinhandling remember_device remember_device_max_devices remember_device_validity require_description require_description_on_edit
  set_realm token_rollover tokeninfo user_details userlist verify_enrollment
`);

/** Policies for other kinds of token. */
const otherKinds = split(`
  autoassignment emailautosend emailsubject emailtext enroll_via_multichallenge_passkey_offline
  hide_specific_error_message_for_offline_refill losttoken losttoken_PW_contents losttoken_PW_length losttoken_valid lostTokenPWContents
  lostTokenPWLen lostTokenValid otp_pin_encrypt encrypt_pin papertoken_count passthru_assign pw.contents pw.length question_number
  registration.contents registration.length resync resync_via_multichallenge show_seed smsautosend smstext tantoken_count
`);
const otherPrefix =
  /^(?:daypassword|hotp|totp|sms|email|webauthn|u2f|passkey|yubikey|tiqr|indexedsecret|certificate)_|^enroll(?!PUSH|EDUPUSH)[A-Z]/;

/** Policies for privacyIDEA's smartphone containers. */
const ofContainers =
  /^container_|^(?:hide_container_info|initially_add_tokens_to_container|disable_client_(?:container_unregister|token_deletion))$/;

/** Policies for privacyIDEA's web interface, machines and own administration. */
const otherParts = split(`
  admin_dashboard adduser api_client_list audit_page_size auditlog_age auditlog_download caconnectordelete caconnectorread
  caconnectorwrite clienttype configdelete configread configwrite copytokenpin copytokenuser custom_baseline custom_menu default_tokentype
  delete_custom_user_attributes deleteuser deletion_confirmation dialog_no_token eventhandling_read eventhandling_write
  fetch_authentication_items force_server_generate getrandom getserial hide_audit_columns hide_buttons hide_welcome_info importtokens
  login_mode login_text logout_redirect logout_time machinelist manage_machine_tokens managesubscription mresolverdelete mresolverread
  mresolverwrite password_reset periodictask_read periodictask_write policy_template_url policydelete policyread policywrite
  privacy_statement_link privacyideaserver_read privacyideaserver_write radiusserver_read radiusserver_write realm_dropdown
  registration_body remote_user requiredemail resolverdelete resolverread resolverwrite search_on_enter serviceid_add serviceid_delete
  serviceid_list set_custom_user_attributes set_hsm_password show_android_privacyidea_authenticator show_custom_authenticator
  show_ios_privacyidea_authenticator show_node smsgateway_read smsgateway_write smtpserver_read smtpserver_write statistics_delete
  statistics_read system_documentation timeout_action token_page_size tokengroup_add tokengroup_delete tokengroup_list tokengroups
  tokenwizard tokenwizard_2nd_token updateuser user_page_size
`);

/** The reason to refuse a policy that other servers have; undefined for a name that none of them has. */
export function unsupportedReason(name: string): string | undefined {
  if (name === 'auth_cache')
    return 'would accept a password again without asking the phone, but a push consents to one login only; remove it';
  if (notYet.includes(name)) return 'a policy of privacyIDEA that is not supported yet; remove it';
  if (ofContainers.test(name)) return "a policy of privacyIDEA's smartphone containers, which pushgate does not have; remove it";
  if (otherParts.includes(name))
    return "a policy of privacyIDEA's own interface and administration, which pushgate does not have; remove it";
  if (otherKinds.includes(name) || otherPrefix.test(name))
    return 'a policy of privacyIDEA for token types other than push, which pushgate does not have; remove it';
  return undefined;
}
