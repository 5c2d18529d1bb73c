//! One document, written as XML or as JSON. Empty elements are kept in XML; the JSON of a list is an array.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value};
use std::io;

/// A piece of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    Text(String),
    Number(f64),
    Flag(bool),
    /// Known to be empty: an empty element, `null`.
    Nothing,
    /// Elements of one name; an array.
    List(&'static str, Vec<Piece>),
    /// Elements in order; an object.
    Object(Vec<(&'static str, Piece)>),
}

impl Piece {
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// Empty text is nothing.
    #[must_use]
    pub fn words(text: &str) -> Self {
        if text.is_empty() { Self::Nothing } else { Self::Text(text.to_owned()) }
    }

    #[must_use]
    pub fn optional(text: Option<String>) -> Self {
        text.map_or(Self::Nothing, Self::Text)
    }

    fn json(&self) -> Value {
        match self {
            Self::Text(text) => Value::String(text.clone()),
            Self::Number(number) => serde_json::json!(number),
            Self::Flag(flag) => Value::Bool(*flag),
            Self::Nothing => Value::Null,
            Self::List(_, items) => Value::Array(items.iter().map(Self::json).collect()),
            Self::Object(fields) => {
                let map: Map<String, Value> =
                    fields.iter().map(|(name, piece)| ((*name).to_owned(), piece.json())).collect();
                Value::Object(map)
            }
        }
    }

    fn xml(&self, name: &str, out: &mut Writer<Vec<u8>>) -> io::Result<()> {
        let text = match self {
            Self::Text(text) => clean(text),
            Self::Number(number) => number.to_string(),
            Self::Flag(flag) => flag.to_string(),
            Self::Nothing => return out.write_event(Event::Empty(BytesStart::new(name))),
            Self::List(item, items) => {
                out.write_event(Event::Start(BytesStart::new(name)))?;
                for piece in items {
                    piece.xml(item, out)?;
                }
                return out.write_event(Event::End(BytesEnd::new(name)));
            }
            Self::Object(fields) => {
                out.write_event(Event::Start(BytesStart::new(name)))?;
                for (field, piece) in fields {
                    piece.xml(field, out)?;
                }
                return out.write_event(Event::End(BytesEnd::new(name)));
            }
        };
        out.write_event(Event::Start(BytesStart::new(name)))?;
        out.write_event(Event::Text(BytesText::new(&text)))?;
        out.write_event(Event::End(BytesEnd::new(name)))
    }
}

/// Without the characters XML 1.0 cannot hold; people paste them from terminals.
fn clean(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}'))
        .collect()
}

#[must_use]
pub fn to_json(piece: &Piece) -> Vec<u8> {
    serde_json::to_vec(&piece.json()).unwrap_or_default()
}

/// # Errors
/// Never: the writer writes to memory.
pub fn to_xml(root: &str, piece: &Piece) -> io::Result<Vec<u8>> {
    let mut out = Writer::new(Vec::with_capacity(1_024));
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("utf-8"), None)))?;
    piece.xml(root, &mut out)?;
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece() -> Piece {
        Piece::List(
            "request",
            vec![Piece::Object(vec![
                ("service_request_id", Piece::text("638344")),
                ("description", Piece::text("a < b & \"c\"\u{0}\u{1b}[31m 井盖")),
                ("address_id", Piece::Nothing),
                ("lat", Piece::Number(37.762_221_815)),
                ("metadata", Piece::Flag(true)),
                ("groups", Piece::List("group", vec![])),
            ])],
        )
    }

    #[test]
    fn xml_is_escaped_cleaned_and_keeps_empty_elements() {
        let xml = String::from_utf8(to_xml("service_requests", &piece()).unwrap()).unwrap();
        assert!(
            xml.starts_with("<?xml version=\"1.0\" encoding=\"utf-8\"?><service_requests><request>"),
            "{xml}"
        );
        assert!(xml.contains("<description>a &lt; b &amp; &quot;c&quot;[31m 井盖</description>"), "{xml}");
        assert!(xml.contains("<address_id/>") && xml.contains("<lat>37.762221815</lat>"), "{xml}");
        assert!(xml.contains("<groups></groups>") && xml.contains("<metadata>true</metadata>"), "{xml}");
    }

    #[test]
    fn json_is_a_plain_array() {
        let json: Value = serde_json::from_slice(&to_json(&piece())).unwrap();
        assert_eq!(json[0]["service_request_id"], "638344");
        assert_eq!(json[0]["address_id"], Value::Null);
        assert_eq!(json[0]["lat"], 37.762_221_815);
    }
}
