export default {
  title: 'Audit log',
  text: 'Sign-ins, changes, exports. To be read, not changed.',
  at: 'Time',
  who: 'Who',
  what: 'What',
  target: 'On what',
  detail: 'Detail',
  from: 'From',
  nobody: 'unknown',
  again: 'Refresh',
  older: 'Older entries',
  none: 'No entry fits',
  none_text: 'Choose another action or person.',
  action: {
    login: 'Signed in', login_failed: 'Sign-in failed', login_refused: 'Refused while locked', logout: 'Signed out', password_changed: 'Changed password', password_refused: 'Password change failed', password_reset: 'Reset a password', unlocked: 'Unlocked', sessions_ended: 'Ended sessions', token_created: 'Made a token', token_revoked: 'Revoked a token',
    record_changed: 'Changed configuration', record_removed: 'Removed configuration', procedure_migrated: 'Migrated procedure', import: 'Imported', export: 'Exported', shift_handed_over: 'Handed over',
  },
}
