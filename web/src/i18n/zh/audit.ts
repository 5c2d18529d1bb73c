export default {
  title: '审计日志',
  text: '登录、修改、导出。只能查看，不能更改。',
  at: '时间',
  who: '人员',
  what: '操作',
  target: '对象',
  detail: '详情',
  from: '来自',
  nobody: '未识别',
  again: '刷新',
  older: '更早的记录',
  none: '没有符合条件的记录',
  none_text: '换一个操作或人员。',
  action: {
    login: '登录', login_failed: '登录失败', login_refused: '锁定中，拒绝登录', logout: '退出', password_changed: '修改密码', password_refused: '修改密码失败', password_reset: '重置密码', unlocked: '解除锁定', sessions_ended: '结束登录', token_created: '新建令牌', token_revoked: '撤销令牌',
    record_changed: '修改配置', record_removed: '删除配置', procedure_migrated: '迁移规程', import: '导入', export: '导出', shift_handed_over: '交班',
  },
}
