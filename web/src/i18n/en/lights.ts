/** Clock lights (计时灯). */
export default {
  green: 'In time',
  yellow: 'Due soon',
  red: 'Overdue',
  grey: 'Clock paused',
  done: 'Clock stopped',
  none: 'No clock',
}
