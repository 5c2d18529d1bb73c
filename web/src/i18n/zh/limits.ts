/** Kinds of time limit (时限类型). */
export default {
  urgent_minute: '紧急分钟',
  urgent_work_hour: '紧急工作时',
  urgent_work_day: '紧急工作日（自然日）',
  work_minute: '工作分钟',
  work_hour: '工作时',
  work_day: '工作日',
  natural_day: '自然日',
}
