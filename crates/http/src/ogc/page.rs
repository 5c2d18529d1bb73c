//! Readable pages of what programs read as JSON.

use crate::i18n;
use crate::language::Language;
use serde_json::Value;
use std::fmt::Write as _;

const STYLE: &str = "body{font:15px/1.6 system-ui,'Noto Sans SC','Microsoft YaHei',sans-serif;margin:0;color:#1f2328;background:#fff}\
header,main{max-width:1100px;margin:0 auto;padding:16px}header{border-bottom:1px solid #d8dce1}nav a{margin-inline-end:12px}\
a{color:#0b57b0}h1{font-size:22px;margin:8px 0}h2{font-size:17px;margin:20px 0 8px}.scroll{overflow-x:auto}\
table{border-collapse:collapse;width:100%}th,td{border-bottom:1px solid #e3e6ea;padding:6px 10px;text-align:start;vertical-align:top}\
th{font-weight:600;white-space:nowrap}code{font:13px ui-monospace,monospace}p.soft{color:#59636e}\
@media(prefers-color-scheme:dark){body{background:#14171a;color:#dfe3e8}a{color:#7ab4f5}th,td,header{border-color:#33383e}p.soft{color:#9aa4af}}";

/// A page under construction.
pub struct Page {
    language: Language,
    title: String,
    /// Link and text of each step of the way here.
    way: Vec<(String, String)>,
    body: String,
}

#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

impl Page {
    #[must_use]
    pub fn new(language: Language, title: &str, base: &str) -> Self {
        let way = vec![(base.to_owned(), word(language, "title"))];
        Self { language, title: title.to_owned(), way, body: String::new() }
    }

    #[must_use]
    pub fn under(mut self, link: String, text: &str) -> Self {
        self.way.push((link, text.to_owned()));
        self
    }

    pub fn soft(&mut self, text: &str) {
        let _ = write!(self.body, "<p class=\"soft\">{}</p>", escape(text));
    }

    pub fn heading(&mut self, text: &str) {
        let _ = write!(self.body, "<h2>{}</h2>", escape(text));
    }

    /// A list of links with their texts.
    pub fn links(&mut self, links: &[(String, String)]) {
        self.body.push_str("<ul>");
        for (link, text) in links {
            let _ = write!(self.body, "<li>{}</li>", anchor(link, text));
        }
        self.body.push_str("</ul>");
    }

    /// A table; cells are HTML already.
    pub fn table(&mut self, heads: &[String], rows: &[Vec<String>]) {
        self.body.push_str("<div class=\"scroll\"><table><thead><tr>");
        for head in heads {
            let _ = write!(self.body, "<th scope=\"col\">{}</th>", escape(head));
        }
        self.body.push_str("</tr></thead><tbody>");
        for row in rows {
            self.body.push_str("<tr>");
            for cell in row {
                let _ = write!(self.body, "<td>{cell}</td>");
            }
            self.body.push_str("</tr>");
        }
        self.body.push_str("</tbody></table></div>");
    }

    #[must_use]
    pub fn finish(self, json: &str) -> String {
        let way: String = self.way.iter().map(|(link, text)| anchor(link, text)).collect();
        let lang = match self.language {
            Language::Zh => "zh-CN",
            Language::En => "en",
        };
        let title = escape(&self.title);
        format!(
            "<!doctype html><html lang=\"{lang}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
             <title>{title}</title><style>{STYLE}</style></head><body><header><nav>{way}</nav><h1>{title}</h1>{}</header>\
             <main>{}</main></body></html>",
            anchor(json, "JSON"),
            self.body
        )
    }
}

/// The word of this page in the reader's language.
#[must_use]
pub fn word(language: Language, code: &str) -> String {
    i18n::word(language, "ogc", code)
}

#[must_use]
pub fn anchor(link: &str, text: &str) -> String {
    format!("<a href=\"{}\">{}</a>", escape(link), escape(text))
}

/// A value as the text of a cell.
#[must_use]
pub fn cell(value: &Value) -> String {
    match value {
        Value::Null => "–".to_owned(),
        Value::String(text) => escape(text),
        other => escape(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_person_wrote_becomes_markup() {
        let mut page = Page::new(Language::En, "<b>&\"", "/ogc").under("/x?a=1&b=\"".into(), "'<i>'");
        page.soft("<script>");
        page.table(&["<h>".into()], &[vec![cell(&Value::from("<td>"))]]);
        let text = page.finish("/ogc?f=json");
        for bad in ["<b>", "<i>", "<script>", "<h>", "<td><td>", "b=\"\""] {
            assert!(!text.contains(bad), "{bad}");
        }
    }
}
