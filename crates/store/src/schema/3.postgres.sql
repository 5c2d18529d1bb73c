-- Registered things: components and the entries of every other register, one row each, with every earlier version
-- beside it.
CREATE TABLE thing_heads (
    city     BIGINT PRIMARY KEY,
    position BIGINT NOT NULL,
    serial   BIGINT NOT NULL
);

CREATE TABLE things (
    city       BIGINT NOT NULL,
    serial     BIGINT NOT NULL,
    register   TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    removed    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT,
    change     TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    PRIMARY KEY (city, serial)
);
CREATE UNIQUE INDEX things_by_code ON things (city, register, code COLLATE "C");
CREATE UNIQUE INDEX things_by_position ON things (city, position);

CREATE TABLE thing_history (
    city       BIGINT NOT NULL,
    serial     BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    register   TEXT   NOT NULL,
    code       TEXT   NOT NULL,
    name       TEXT   NOT NULL,
    class      TEXT   NOT NULL,
    position   BIGINT NOT NULL,
    removed    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT,
    change     TEXT   NOT NULL,
    body       TEXT   NOT NULL,
    PRIMARY KEY (city, serial, version)
);

-- `done` is what the first time was answered: serials and versions as JSON.
CREATE TABLE thing_commands (
    city       BIGINT NOT NULL,
    command_id BYTEA  NOT NULL,
    at         BIGINT NOT NULL,
    done       TEXT   NOT NULL,
    PRIMARY KEY (city, command_id)
);
CREATE INDEX thing_commands_by_time ON thing_commands (at);

-- The grid system in editions: a grid is in force from one edition until before another.
CREATE TABLE grid_editions (
    city         BIGINT NOT NULL,
    edition      BIGINT NOT NULL,
    valid_from   TEXT   NOT NULL,
    published_at BIGINT NOT NULL,
    published_by BIGINT,
    note         TEXT   NOT NULL,
    grids        BIGINT NOT NULL,
    added        BIGINT NOT NULL,
    changed      BIGINT NOT NULL,
    removed      BIGINT NOT NULL,
    PRIMARY KEY (city, edition)
);

CREATE TABLE unit_grids (
    city          BIGINT NOT NULL,
    code          TEXT   NOT NULL,
    from_edition  BIGINT NOT NULL,
    until_edition BIGINT,
    body          TEXT   NOT NULL,
    shape         TEXT   NOT NULL,
    PRIMARY KEY (city, code, from_edition)
);

CREATE TABLE addresses (
    city       BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    removed    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT,
    body       TEXT   NOT NULL,
    PRIMARY KEY (city, id)
);
CREATE UNIQUE INDEX addresses_by_position ON addresses (city, position);

CREATE TABLE address_history (
    city       BIGINT NOT NULL,
    id         TEXT   NOT NULL,
    version    BIGINT NOT NULL,
    position   BIGINT NOT NULL,
    removed    BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by BIGINT,
    body       TEXT   NOT NULL,
    PRIMARY KEY (city, id, version)
);
