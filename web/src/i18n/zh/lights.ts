/** Clock lights (计时灯). */
export default {
  green: '正常',
  yellow: '将到期',
  red: '超期',
  grey: '暂停计时',
  done: '已停表',
  none: '不计时',
}
