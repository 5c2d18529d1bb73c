-- Every primary key begins with the city. Times are milliseconds since 1970 UTC.

CREATE TABLE city_heads (
    city            BIGINT PRIMARY KEY,
    last_position   BIGINT NOT NULL,
    cases           BIGINT NOT NULL,
    records_version BIGINT NOT NULL
);

CREATE TABLE cases (
    city        BIGINT NOT NULL,
    id          BYTEA  NOT NULL,
    serial      BIGINT NOT NULL,
    number      TEXT   NOT NULL,
    version     BIGINT NOT NULL,
    position    BIGINT NOT NULL,
    stage       BIGINT NOT NULL,
    reported_at BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    state       TEXT   NOT NULL,
    PRIMARY KEY (city, id)
);
CREATE UNIQUE INDEX cases_by_serial ON cases (city, serial);
CREATE UNIQUE INDEX cases_by_number ON cases (city, number);
CREATE UNIQUE INDEX cases_by_position ON cases (city, position);

CREATE TABLE facts (
    city     BIGINT NOT NULL,
    case_id  BYTEA  NOT NULL,
    seq      BIGINT NOT NULL,
    position BIGINT NOT NULL,
    at       BIGINT NOT NULL,
    body     TEXT   NOT NULL,
    PRIMARY KEY (city, case_id, seq)
);

CREATE TABLE commands (
    city       BIGINT NOT NULL,
    command_id BYTEA  NOT NULL,
    case_id    BYTEA  NOT NULL,
    version    BIGINT NOT NULL,
    PRIMARY KEY (city, command_id)
);

CREATE TABLE due_moments (
    city        BIGINT NOT NULL,
    case_id     BYTEA  NOT NULL,
    clock       TEXT   NOT NULL,
    moment      TEXT   NOT NULL,
    at          BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    done        BIGINT NOT NULL,
    PRIMARY KEY (city, case_id, clock, moment)
);
CREATE INDEX due_moments_open ON due_moments (at) WHERE done = 0;

-- Lexemes as they come, no dictionary: the tokens are made by the application.
CREATE TABLE words (
    city   BIGINT   NOT NULL,
    serial BIGINT   NOT NULL,
    body   TSVECTOR NOT NULL,
    PRIMARY KEY (city, serial)
);
CREATE INDEX words_by_token ON words USING gin (body);

CREATE TABLE reporters (
    city     BIGINT NOT NULL,
    case_id  BYTEA  NOT NULL,
    name     TEXT   NOT NULL,
    phone    TEXT   NOT NULL,
    email    TEXT   NOT NULL,
    public   BIGINT NOT NULL,
    callback BIGINT NOT NULL,
    language TEXT   NOT NULL,
    PRIMARY KEY (city, case_id)
);
CREATE INDEX reporters_by_phone ON reporters (city, phone) WHERE phone <> '';

CREATE TABLE secrets (
    city        BIGINT NOT NULL,
    secret_hash TEXT   NOT NULL,
    case_id     BYTEA  NOT NULL,
    PRIMARY KEY (city, secret_hash)
);
CREATE UNIQUE INDEX secrets_by_case ON secrets (city, case_id);

CREATE TABLE outbox (
    city        BIGINT NOT NULL,
    id          BIGINT NOT NULL,
    case_id     BYTEA,
    channel     TEXT   NOT NULL,
    recipient   TEXT   NOT NULL,
    body        TEXT   NOT NULL,
    queued_at   BIGINT NOT NULL,
    attempts    BIGINT NOT NULL,
    again_at    BIGINT NOT NULL,
    lease_until BIGINT NOT NULL,
    failed      BIGINT NOT NULL,
    error       TEXT   NOT NULL,
    PRIMARY KEY (city, id)
);
CREATE INDEX outbox_ready ON outbox (again_at) WHERE failed = 0 AND channel <> 'inbox';
CREATE INDEX outbox_inbox ON outbox (city, recipient, id) WHERE channel = 'inbox';
CREATE INDEX outbox_by_case ON outbox (city, case_id);

CREATE TABLE photo_hashes (
    city       BIGINT NOT NULL,
    case_id    BYTEA  NOT NULL,
    attachment TEXT   NOT NULL,
    hash       BIGINT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (city, case_id, attachment)
);
CREATE INDEX photo_hashes_by_time ON photo_hashes (city, at);

CREATE TABLE counters (
    city  BIGINT NOT NULL,
    name  TEXT   NOT NULL,
    value BIGINT NOT NULL,
    PRIMARY KEY (city, name)
);

CREATE TABLE records (
    city       BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT,
    value      TEXT,
    PRIMARY KEY (city, kind, key)
);

CREATE TABLE record_history (
    city       BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT,
    value      TEXT,
    PRIMARY KEY (city, kind, key, version)
);

CREATE TABLE credentials (
    city         BIGINT NOT NULL,
    person       BIGINT NOT NULL,
    hash         TEXT   NOT NULL,
    failures     BIGINT NOT NULL,
    locked_until BIGINT,
    changed_at   BIGINT NOT NULL,
    must_change  BIGINT NOT NULL,
    PRIMARY KEY (city, person)
);

CREATE TABLE sessions (
    city         BIGINT NOT NULL,
    hash         TEXT   NOT NULL,
    person       BIGINT NOT NULL,
    kind         TEXT   NOT NULL,
    name         TEXT   NOT NULL,
    created_at   BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL,
    last_seen_at BIGINT NOT NULL,
    origin       TEXT   NOT NULL,
    PRIMARY KEY (city, hash)
);
CREATE UNIQUE INDEX sessions_by_hash ON sessions (hash);
CREATE INDEX sessions_by_person ON sessions (city, person);

CREATE TABLE audit (
    city   BIGINT NOT NULL,
    id     BIGINT NOT NULL,
    at     BIGINT NOT NULL,
    person BIGINT,
    action TEXT   NOT NULL,
    target TEXT   NOT NULL,
    detail TEXT   NOT NULL,
    origin TEXT   NOT NULL,
    PRIMARY KEY (city, id)
);
CREATE INDEX audit_by_action ON audit (city, action, id);
CREATE INDEX audit_by_person ON audit (city, person, id);

CREATE TABLE attachments (
    city         BIGINT NOT NULL,
    id           TEXT   NOT NULL,
    content_type TEXT   NOT NULL,
    bytes        BIGINT NOT NULL,
    width        BIGINT NOT NULL,
    height       BIGINT NOT NULL,
    shot_at      BIGINT,
    lng          DOUBLE PRECISION,
    lat          DOUBLE PRECISION,
    photo_hash   BIGINT,
    uploaded_by  BIGINT,
    uploaded_at  BIGINT NOT NULL,
    PRIMARY KEY (city, id)
);
