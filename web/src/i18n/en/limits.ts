/** Kinds of time limit (时限类型). */
export default {
  urgent_minute: 'urgent minutes',
  urgent_work_hour: 'urgent working hours',
  urgent_work_day: 'urgent days (natural)',
  work_minute: 'working minutes',
  work_hour: 'working hours',
  work_day: 'working days',
  natural_day: 'natural days',
}
