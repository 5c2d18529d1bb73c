export default {
  title: '地图',
  pane: '案卷分布',
  list: '图上的案卷',
  in_view: '（当前范围）',
  none: '当前范围没有案卷',
  none_text: '移动或缩小地图，或者放宽筛选条件。',
  legend: '图例与数量',
  too_many: '共 {total} 件，显示前 {shown} 件',
  unlocated: '另有 {n} 件没有坐标',
  close_card: '关闭案卷',
  show_map: '看地图',
  show_list: '看列表',
}
