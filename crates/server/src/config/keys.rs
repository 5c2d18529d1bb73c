//! Every key, what it is, and how its environment variable is read.

/// How the text of an environment variable becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Taken as it is.
    Text,
    /// Number, `true`/`false`, or a list or table in TOML's own notation.
    Toml,
}

#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Dotted: section and key.
    pub path: &'static str,
    pub shape: Shape,
    pub zh: &'static str,
    pub en: &'static str,
}

const fn text(path: &'static str, zh: &'static str, en: &'static str) -> Key {
    Key { path, shape: Shape::Text, zh, en }
}

const fn toml(path: &'static str, zh: &'static str, en: &'static str) -> Key {
    Key { path, shape: Shape::Toml, zh, en }
}

/// In the order in which they are printed.
pub const KEYS: &[Key] = &[
    text(
        "listen",
        "监听地址和端口；对外服务写 0.0.0.0:端口",
        "address and port to listen on; 0.0.0.0:PORT to be reached from elsewhere",
    ),
    text(
        "public_url",
        "用户打开的网址（短信、邮件中的链接用它）",
        "address people open; links in messages begin with it",
    ),
    text(
        "data_dir",
        "数据目录：数据库、附件、备份、试用证书",
        "folder of the database, attachments, backups and the trial certificate",
    ),
    text(
        "city",
        "命令行操作的城市编码（GB/T 2260 六位）；只有一个城市时可不填",
        "code of the city the commands work on (six digits); may be empty when there is one only",
    ),
    text(
        "role",
        "本进程的职责：all 全部、web 只对外服务、worker 只跑后台任务",
        "what this process does: all, web (answers requests) or worker (clocks, messages, backups)",
    ),
    text(
        "demo",
        "演示城市：off 关闭、boston 含案卷、empty 不含案卷",
        "demo city: off, boston (with cases) or empty",
    ),
    toml(
        "demo_speed",
        "演示城市的节奏：1 为白天约每分钟一件，0 为静止",
        "pace of the demo city: 1 is about a new report a minute by day, 0 stands still",
    ),
    toml(
        "demo_days",
        "只演示最近若干天的案卷；0 为全部",
        "only the last so many days of the demo's history; 0 for all",
    ),
    text(
        "tls.mode",
        "HTTPS：off 关闭、files 使用证书文件、generated 自动生成（仅供试用）",
        "HTTPS: off, files (your certificate) or generated (for trials only)",
    ),
    text("tls.cert", "证书链文件（PEM），mode = files 时必填", "certificate chain (PEM), needed for files"),
    text("tls.key", "私钥文件（PEM），mode = files 时必填", "private key (PEM), needed for files"),
    toml(
        "tls.hosts",
        "自动生成的证书还要包含的主机名或 IP",
        "further host names and addresses for the generated certificate",
    ),
    toml(
        "tls.redirect_http_port",
        "把该端口的 HTTP 访问转到 HTTPS；0 为不启用",
        "port on which plain HTTP is redirected to HTTPS; 0 for none",
    ),
    text(
        "database.url",
        "空：数据目录中的 SQLite；否则 postgres://用户:密码@主机/库",
        "empty: SQLite in data_dir; else postgres://user:password@host/name",
    ),
    text(
        "blobs.kind",
        "附件存放：local 本地目录、s3 兼容 S3 的对象存储",
        "where attachments are kept: local or s3",
    ),
    text(
        "blobs.folder",
        "本地目录；空为数据目录下的 attachments",
        "local folder; empty: attachments in data_dir",
    ),
    text("blobs.endpoint", "S3 地址，如 http://minio:9000", "S3 endpoint, such as http://minio:9000"),
    text("blobs.bucket", "S3 桶名", "S3 bucket"),
    text("blobs.region", "S3 区域", "S3 region"),
    toml(
        "blobs.path_style",
        "桶名放在路径中（MinIO 等自建存储为 true）",
        "bucket in the path (true for MinIO and the like)",
    ),
    text("blobs.access_key", "S3 访问键", "S3 access key"),
    text("blobs.secret_key", "S3 密钥；或用 secret_key_file", "S3 secret key; or use secret_key_file"),
    text("blobs.secret_key_file", "存放 S3 密钥的文件", "file with the S3 secret key"),
    text("smtp.host", "邮件服务器；空为不发邮件（只写日志）", "mail server; empty: e-mail is only logged"),
    toml("smtp.port", "端口：STARTTLS 587、TLS 465、明文 25", "port: 587 STARTTLS, 465 TLS, 25 plain"),
    text(
        "smtp.tls",
        "加密：starttls、tls、none（仅限内网）",
        "encryption: starttls, tls or none (own net only)",
    ),
    text("smtp.user", "用户名；空为不登录", "user; empty: no log-in"),
    text("smtp.password", "密码；或用 password_file", "password; or use password_file"),
    text("smtp.password_file", "存放密码的文件", "file with the password"),
    text(
        "smtp.from",
        "发件人，如 城管 <no-reply@example.org>",
        "sender, such as City <no-reply@example.org>",
    ),
    text("smtp.hello", "EHLO 使用的主机名；空为自动", "host name in EHLO; empty: automatic"),
    toml("smtp.timeout_s", "超时秒数", "seconds before giving up"),
    text("smtp.trust_file", "另外信任的证书机构（PEM）", "further trusted authorities (PEM)"),
    text(
        "sms.url",
        "短信网关地址，可含 {phone} {text} {secret}；空为不发短信（只写日志）",
        "SMS gateway, may hold {phone} {text} {secret}; empty: SMS are only logged",
    ),
    text("sms.method", "GET 或 POST", "GET or POST"),
    text(
        "sms.content_type",
        "请求体类型：application/json 或 application/x-www-form-urlencoded",
        "type of the body: application/json or application/x-www-form-urlencoded",
    ),
    text(
        "sms.body",
        "请求体模板，{phone} {text} {secret} 会被替换并转义",
        "template of the body; {phone} {text} {secret} are put in, escaped",
    ),
    toml("sms.headers", "附加请求头，值中可用 {secret}", "further headers; values may hold {secret}"),
    text("sms.secret", "网关密钥；或用 secret_file", "secret of the gateway; or use secret_file"),
    text("sms.secret_file", "存放网关密钥的文件", "file with the secret"),
    text(
        "sms.success_text",
        "应答中必须出现的文字，如 \"code\":0；空为只看状态码",
        "text a good answer holds, such as \"code\":0; empty: the status is enough",
    ),
    toml("sms.timeout_s", "超时秒数", "seconds before giving up"),
    text("sms.trust_file", "另外信任的证书机构（PEM）", "further trusted authorities (PEM)"),
    toml(
        "limits.logins_per_minute",
        "每个 IP 每分钟登录次数上限；0 为不限（下同）",
        "log-in attempts per address and minute; 0 for no limit (also below)",
    ),
    toml(
        "limits.public_reports_per_minute",
        "每个 IP 每分钟公众上报数上限",
        "public reports per address and minute",
    ),
    toml("limits.uploads_per_minute", "每分钟上传附件数上限", "uploads per minute"),
    toml(
        "limits.requests_per_minute",
        "每人（未登录则每个 IP）每分钟请求数上限",
        "requests per minute and person, or address when not signed in",
    ),
    toml("limits.request_timeout_s", "单个请求的最长秒数", "longest time of one request in seconds"),
    toml("limits.listeners", "同时在线的实时页面数上限", "most pages that listen for live changes at once"),
    toml(
        "limits.trusted_proxies",
        "自己的反向代理地址段，其 X-Forwarded-For 可信，如 [\"10.0.0.0/8\"]",
        "address ranges of your own proxies, whose X-Forwarded-For is believed, such as [\"10.0.0.0/8\"]",
    ),
    toml("open311.key_required", "Open311 上报是否必须带令牌", "whether Open311 reports need an API token"),
    text(
        "backups.at",
        "每天备份的本地时间，如 03:30；空为不自动备份",
        "local time of the daily backup, such as 03:30; empty for none",
    ),
    toml("backups.keep", "保留最近几份", "how many to keep"),
    text("backups.folder", "备份目录；空为数据目录下的 backups", "folder; empty: backups in data_dir"),
    toml(
        "retention.commands_days",
        "操作编号保留天数：手机断网期间的操作在此期限内重发不会重复办理",
        "days the ids of operations are kept: one sent again within them, as by a phone that was offline, is not done twice",
    ),
    toml(
        "retention.audit_days",
        "审计日志保留天数；网络安全法要求网络日志至少留存六个月，因此不得少于 184",
        "days of the audit log; China's Cybersecurity Law asks for at least six months of network logs, hence 184 or more",
    ),
    toml(
        "retention.messages_days",
        "无人查看的站内消息、多次发送失败的短信和邮件的保留天数（含电话和地址）",
        "days that unread inbox messages and given-up SMS and e-mail are kept; they hold phone numbers and addresses",
    ),
    text("logs.format", "日志格式：auto、pretty、json", "auto, pretty or json"),
    text(
        "logs.level",
        "日志级别：error、warn、info、debug，可按模块，如 info,store=debug",
        "error, warn, info, debug, or by module such as info,store=debug",
    ),
    toml("webhooks", "可通知的外部系统，可重复", "other systems that can be told; repeatable"),
    toml("oidc", "单点登录（OpenID Connect），可重复", "single sign-on (OpenID Connect); repeatable"),
];

/// Shown below the repeatable sections while they are empty.
pub const EXAMPLES: &[(&str, &str)] = &[
    (
        "webhooks",
        "[[webhooks]]\nname = \"hotline\"\nurl = \"https://12345.example.org/in\"\nsecret_file = \"/etc/yiwang/hotline.secret\"\ntimeout_s = 10\n",
    ),
    (
        "oidc",
        "[[oidc]]\nid = \"gov\"\nname = \"统一身份认证\"\nissuer = \"https://sso.example.org\"\nclient_id = \"yiwang\"\nclient_secret_file = \"/etc/yiwang/oidc.secret\"\naccount_claim = \"email\"\n",
    ),
];

/// Heads of the sections.
pub const SECTIONS: &[(&str, &str, &str)] = &[
    ("tls", "加密访问：手机拍照、定位需要 HTTPS", "encryption: phones need HTTPS for camera and position"),
    ("database", "数据库", "database"),
    ("blobs", "照片和视频", "photos and videos"),
    ("smtp", "邮件", "e-mail"),
    ("sms", "短信", "SMS"),
    ("limits", "限额", "limits"),
    ("open311", "Open311 接口", "the Open311 interface"),
    ("backups", "自动备份", "backups"),
    (
        "retention",
        "保留期限（案卷、事实和配置记录永久保留）",
        "how long things are kept (cases, facts and records are kept for good)",
    ),
    ("logs", "日志", "logs"),
];
