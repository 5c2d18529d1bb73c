export default {
  title: 'Map',
  pane: 'Where the cases are',
  list: 'Cases on the map',
  in_view: '(in view)',
  none: 'No case in view',
  none_text: 'Move or zoom out the map, or widen the filters.',
  legend: 'Legend and counts',
  too_many: '{total} in all, the first {shown} are drawn',
  unlocated: '{n} more have no coordinates',
  close_card: 'Close the case',
  show_map: 'Show the map',
  show_list: 'Show the list',
}
