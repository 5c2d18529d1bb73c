//! What is not kept for good: it goes when it has been kept long enough.

use crate::Store;
use crate::db::Doing;
use crate::statement::{
    FORGET_AUDIT, FORGET_COMMANDS, FORGET_MESSAGES, FORGET_SESSIONS, FORGET_THING_COMMANDS,
};
use crate::value::values;
use app::ports::{Forget, Forgotten, StoreError};
use kernel::Timestamp;

impl Store {
    /// Each kind in a write of its own, so that other writes get in between.
    pub(crate) async fn forget(&self, before: &Forget, limit: u32) -> Result<Forgotten, StoreError> {
        Ok(Forgotten {
            commands: self
                .forget_one(FORGET_COMMANDS, before.commands, limit)
                .await?
                .max(self.forget_one(FORGET_THING_COMMANDS, before.commands, limit).await?),
            audit: self.forget_one(FORGET_AUDIT, before.audit, limit).await?,
            messages: self.forget_one(FORGET_MESSAGES, before.messages, limit).await?,
            sessions: self.forget_one(FORGET_SESSIONS, before.sessions, limit).await?,
        })
    }

    async fn forget_one(&self, sql: &'static str, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let doing = "forget what was kept long enough";
        self.writer
            .transact(move |conn| {
                Box::pin(async move { conn.run(sql, values![before, limit]).await.doing(doing) })
            })
            .await
    }
}
