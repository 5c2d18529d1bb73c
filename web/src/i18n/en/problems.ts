/** Failures that the browser itself notices; the server's own texts come with its answers. */
export default {
  network: 'The server cannot be reached',
  timeout: 'The server did not answer in time',
  unreadable: "The server's answer cannot be read",
  unauthorized: 'You are signed out; sign in again',
  forbidden: 'Your post may not do this',
  not_found: 'It does not exist, or lies outside your area',
  conflict: 'Someone else changed it; refresh and try again',
  too_large: 'The file is too large',
  too_many: 'Too many requests; wait a little',
  server: 'The server failed',
}
