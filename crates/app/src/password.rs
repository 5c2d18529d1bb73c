//! Passwords: Argon2id with OWASP's second parameter set, off the async threads.

use crate::AppError;
use crate::ports::StoreError;
use argon2::password_hash::rand_core::OsRng;
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};

fn hasher() -> Argon2<'static> {
    // 19 MiB, two passes, one lane: about 30 ms on the machines we aim at.
    let params = Params::new(19 * 1024, 2, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn broken(doing: &'static str, cause: impl std::fmt::Display) -> AppError {
    AppError::Store(StoreError::Failed { doing, cause: cause.to_string().into() })
}

/// Hashes `password` with a fresh salt.
///
/// # Errors
/// Only when the machine cannot give random bytes or memory.
pub async fn hash(password: String) -> Result<String, AppError> {
    tokio::task::spawn_blocking(move || {
        let salt = SaltString::generate(&mut OsRng);
        hasher().hash_password(password.as_bytes(), &salt).map(|h| h.to_string())
    })
    .await
    .map_err(|cause| broken("hash a password", cause))?
    .map_err(|cause| broken("hash a password", cause))
}

/// True when `password` is the one `hash` was made of. Without a hash it works as long, so that
/// an unknown account cannot be told from a wrong password by the time it takes.
pub async fn verify(password: String, hash: Option<String>) -> bool {
    tokio::task::spawn_blocking(move || {
        let stored = hash.as_deref().map(PasswordHash::new);
        match stored {
            Some(Ok(parsed)) => hasher().verify_password(password.as_bytes(), &parsed).is_ok(),
            _ => {
                let salt = SaltString::generate(&mut OsRng);
                let _ = hasher().hash_password(password.as_bytes(), &salt);
                false
            }
        }
    })
    .await
    .unwrap_or(false)
}
