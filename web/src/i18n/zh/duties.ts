/** The left rail: what a person does, not what a module is called. */
export default {
  my_work: '我的工作',
  map: '地图',
  cases: '案卷',
  things: '部件',
  monitoring: '监测',
  evaluation: '评价',
  administration: '管理',
}
