//! A report as Open311 clients post it: form fields, attributes in brackets, files as media.

use crate::open311::answer::Errors;
use std::collections::BTreeMap;

/// Fields of one post; more is no report.
const FIELDS_MAX: usize = 200;
const DESCRIPTION_MAX: usize = 4_000;

/// What a client posted, fields as sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Posted {
    pub api_key: Option<String>,
    pub jurisdiction: Option<String>,
    pub service_code: String,
    pub lat: Option<f64>,
    pub lng: Option<f64>,
    pub address: String,
    pub description: String,
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    pub phone: String,
    pub media_url: String,
    /// By attribute code; several values of one are joined by a comma.
    pub attributes: BTreeMap<String, String>,
}

impl Posted {
    /// Reads the fields; says everything that is missing or wrong.
    ///
    /// # Errors
    /// 400 with one description a field.
    pub fn read(fields: &[(String, String)]) -> Result<Self, Errors> {
        if fields.len() > FIELDS_MAX {
            return Err(Errors::bad("too many fields"));
        }
        let mut wrong = Vec::new();
        let first = |name: &str| -> Option<String> {
            let found = fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim().to_owned());
            found.filter(|value| !value.is_empty())
        };
        let mut text = |name: &str, max: usize| -> String {
            let value = first(name).unwrap_or_default();
            if value.chars().count() > max {
                wrong.push(format!("{name} has more than {max} characters"));
            }
            value
        };
        let description = text("description", DESCRIPTION_MAX);
        let address = text("address_string", 200);
        let email = text("email", 120);
        let first_name = text("first_name", 30);
        let last_name = text("last_name", 30);
        let phone = text("phone", 30);
        let media_url = text("media_url", 2_000);
        let service_code = text("service_code", 60);
        let mut degrees = |name: &str, max: f64| -> Option<f64> {
            let value = first(name)?;
            let number = value.parse::<f64>().ok().filter(|n| n.is_finite() && n.abs() <= max);
            if number.is_none() {
                wrong.push(format!("{name} is not a number of degrees"));
            }
            number
        };
        let lat = degrees("lat", 90.0);
        let lng = degrees("long", 180.0);
        if service_code.is_empty() {
            wrong.push("service_code was not provided".to_owned());
        }
        let place_given = first("lat").is_some() && first("long").is_some();
        if !place_given && address.is_empty() && first("address_id").is_none() {
            wrong.push("lat and long, address_string or address_id must be provided".to_owned());
        }
        if !wrong.is_empty() {
            return Err(Errors { status: axum::http::StatusCode::BAD_REQUEST, descriptions: wrong });
        }
        let address = if address.is_empty() { first("address_id").unwrap_or_default() } else { address };
        Ok(Self {
            api_key: first("api_key"),
            jurisdiction: first("jurisdiction_id"),
            service_code,
            lat,
            lng,
            address: address.chars().take(200).collect(),
            description,
            email,
            first_name,
            last_name,
            phone,
            media_url,
            attributes: attributes(fields),
        })
    }

    /// First and last name as one.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// `attribute[CODE]` and `attribute[CODE][]`.
fn attributes(fields: &[(String, String)]) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (name, value) in fields {
        let Some(rest) = name.strip_prefix("attribute[") else { continue };
        let Some(code) = rest.strip_suffix("[]").unwrap_or(rest).strip_suffix(']') else { continue };
        let (code, value) = (code.trim(), value.trim());
        if code.is_empty() || value.is_empty() {
            continue;
        }
        found
            .entry(code.to_owned())
            .and_modify(|all| {
                all.push(',');
                all.push_str(value);
            })
            .or_insert_with(|| value.to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(form: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(form.as_bytes()).map(|(k, v)| (k.into_owned(), v.into_owned())).collect()
    }

    #[test]
    fn a_report_as_the_specification_shows_it() {
        let form = "api_key=xyz&jurisdiction_id=city.gov&service_code=001&lat=37.76524078&long=-122.4212043\
            &address_string=1234+5th+street&email=smit333%40sfgov.edu&device_id=tt222111&account_id=123456\
            &first_name=john&last_name=smith&phone=111111111&description=A+large+sinkhole\
            &attribute[WHISHETN]=123+or+value&attribute[MULTI][]=a&attribute[MULTI][]=b";
        let posted = Posted::read(&fields(form)).unwrap();
        assert_eq!(
            (posted.service_code.as_str(), posted.lat, posted.lng),
            ("001", Some(37.765_240_78), Some(-122.421_204_3))
        );
        assert_eq!((posted.name().as_str(), posted.api_key.as_deref()), ("john smith", Some("xyz")));
        assert_eq!(posted.attributes["WHISHETN"], "123 or value");
        assert_eq!(posted.attributes["MULTI"], "a,b");
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let errors = Posted::read(&fields("lat=north&long=181")).unwrap_err();
        assert_eq!(errors.status, 400);
        assert_eq!(errors.descriptions.len(), 3, "{errors:?}");
        let errors = Posted::read(&fields("service_code=1&description=x")).unwrap_err();
        assert!(errors.descriptions[0].contains("address_string"));
        let long = format!("service_code=1&address_string=a&description={}", "字".repeat(4_001));
        assert!(Posted::read(&fields(&long)).is_err());
    }

    #[test]
    fn an_address_alone_suffices() {
        assert_eq!(Posted::read(&fields("service_code=1&address_id=77")).unwrap().address, "77");
        assert_eq!(
            Posted::read(&fields("service_code=1&address_string=Main+St")).unwrap().address,
            "Main St"
        );
    }
}
