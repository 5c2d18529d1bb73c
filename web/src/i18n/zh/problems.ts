/** Failures that the browser itself notices; the server's own texts come with its answers. */
export default {
  network: '没有连上服务器',
  timeout: '服务器没有及时回答',
  unreadable: '服务器的回答无法读取',
  unauthorized: '登录已失效，请重新登录',
  forbidden: '您的岗位无权执行此操作',
  not_found: '内容不存在或不在您的范围内',
  conflict: '内容已被他人修改，请刷新后再办理',
  too_large: '文件太大',
  too_many: '操作过于频繁，请稍候',
  server: '服务器出错',
}
