//! The filters of a list, beside what an endpoint wants to know on its own.

use crate::error::HttpError;
use crate::extract::from_form;
use app::list_query::ListQuery;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// Query parameters of one endpoint that are not filters.
pub trait Extra: DeserializeOwned {
    const NAMES: &'static [&'static str];
}

impl Extra for () {
    const NAMES: &'static [&'static str] = &[];
}

/// A filter nobody knows is refused, so that a typing error never shows all cases.
#[derive(Debug)]
pub struct Filters<E> {
    pub list: ListQuery,
    pub own: E,
}

impl<E: Extra, S: Send + Sync> FromRequestParts<S> for Filters<E> {
    type Rejection = HttpError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpError> {
        read(parts.uri.query().unwrap_or_default())
    }
}

impl<E: Extra> Filters<E> {
    /// Reads them from the query of an address.
    ///
    /// # Errors
    /// 422 naming the field.
    pub fn read(query: &str) -> Result<Self, HttpError> {
        read(query)
    }
}

fn read<E: Extra>(query: &str) -> Result<Filters<E>, HttpError> {
    let mut list = form_urlencoded::Serializer::new(String::new());
    let mut own = form_urlencoded::Serializer::new(String::new());
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if E::NAMES.contains(&name.as_ref()) {
            own.append_pair(&name, &value);
        } else if name != "city" && !value.is_empty() {
            list.append_pair(&name, &value);
        }
    }
    Ok(Filters { list: from_form(list.finish().as_bytes())?, own: own_part(&own.finish())? })
}

fn own_part<E: Extra>(query: &str) -> Result<E, HttpError> {
    if E::NAMES.is_empty() {
        // The unit type is read from nothing, not from an empty form.
        return serde_json::from_value(serde_json::Value::Null).map_err(|_| HttpError::not_found());
    }
    from_form(query.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Own {
        group_by: Option<String>,
    }

    impl Extra for Own {
        const NAMES: &'static [&'static str] = &["group_by"];
    }

    #[test]
    fn filters_and_the_rest_come_apart() {
        let read: Filters<Own> =
            read("stage=filed&stage=closed&group_by=stage&city=990100&q=%E4%BA%95%E7%9B%96&overdue=")
                .unwrap();
        assert_eq!(read.list.stage, ["filed", "closed"]);
        assert_eq!((read.list.q.as_deref(), read.list.overdue), (Some("井盖"), None));
        assert_eq!(read.own.group_by.as_deref(), Some("stage"));
    }

    #[test]
    fn an_unknown_filter_is_refused() {
        let error = read::<()>("stgae=filed").unwrap_err();
        assert_eq!(error.status, 422);
        assert!(read::<()>("limit=10").is_ok());
    }
}
