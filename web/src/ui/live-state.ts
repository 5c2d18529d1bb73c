/** How the live stream is doing. */
export type LiveState = 'connecting' | 'live' | 'lost'
