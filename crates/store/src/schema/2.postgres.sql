-- What is not kept for good is found by its age. Commands done before count as done now.
ALTER TABLE commands ADD COLUMN at BIGINT NOT NULL DEFAULT 0;
UPDATE commands SET at = CAST(extract(epoch FROM now()) * 1000 AS BIGINT);
CREATE INDEX commands_by_time ON commands (at);
CREATE INDEX audit_by_time ON audit (at);
CREATE INDEX sessions_by_end ON sessions (expires_at);
CREATE INDEX outbox_by_time ON outbox (queued_at) WHERE failed = 1 OR channel = 'inbox';
