//! Every sentence sent to people outside, in Chinese and English. Screens have their own texts in `web`.
//!
//! A sentence with a `{parameter}` that the notice does not carry is left out, so that a message
//! never shows a gap.

use serde_json::{Map, Value};

/// A message ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub subject: String,
    pub body: String,
}

struct Template {
    word: &'static str,
    zh: Texts,
    en: Texts,
}

struct Texts {
    subject: &'static str,
    sentences: &'static [&'static str],
}

/// Longest value put into a message; an SMS of 500 characters is eight parts already.
const VALUE_MAX_CHARS: usize = 500;

const TEMPLATES: &[Template] = &[
    Template {
        word: "report_received",
        zh: Texts {
            subject: "已收到您反映的问题 {number}",
            sentences: &["您反映的问题已收到，编号{number}。", "地点：{address}。", "查看进展：{link}"],
        },
        en: Texts {
            subject: "We received your report {number}",
            sentences: &[
                "We received your report, number {number}.",
                "Place: {address}.",
                "Follow it here: {link}",
            ],
        },
    },
    Template {
        word: "case_declined",
        zh: Texts {
            subject: "关于您反映的问题 {number}",
            sentences: &["您反映的问题（编号{number}）经核实未予受理。", "原因：{words}。", "详情：{link}"],
        },
        en: Texts {
            subject: "About your report {number}",
            sentences: &["Your report {number} was not taken up.", "Reason: {words}.", "Details: {link}"],
        },
    },
    Template {
        word: "case_answered",
        zh: Texts {
            subject: "答复：您反映的问题 {number}",
            sentences: &["您反映的问题（编号{number}）已答复。", "答复内容：{words}。", "详情：{link}"],
        },
        en: Texts {
            subject: "Answer to your report {number}",
            sentences: &["Your report {number} was answered.", "Answer: {words}.", "Details: {link}"],
        },
    },
    Template {
        word: "case_dispatched",
        zh: Texts {
            subject: "您反映的问题 {number} 已派出处理",
            sentences: &["您反映的问题（编号{number}）已派给责任部门处理。", "查看进展：{link}"],
        },
        en: Texts {
            subject: "Your report {number} is being worked on",
            sentences: &[
                "Your report {number} was sent to the department in charge.",
                "Follow it here: {link}",
            ],
        },
    },
    Template {
        word: "case_closed",
        zh: Texts {
            subject: "您反映的问题 {number} 已办结",
            sentences: &["您反映的问题（编号{number}）已处理并经现场核查结案。", "请查看结果并评价：{link}"],
        },
        en: Texts {
            subject: "Your report {number} is solved",
            sentences: &[
                "Your report {number} was solved and checked on the spot.",
                "See the result and rate it: {link}",
            ],
        },
    },
    Template {
        word: "case_ended",
        zh: Texts {
            subject: "您反映的问题 {number} 已终止办理",
            sentences: &["您反映的问题（编号{number}）已终止办理。", "说明：{words}。", "详情：{link}"],
        },
        en: Texts {
            subject: "Your report {number} has ended",
            sentences: &[
                "Work on your report {number} has ended.",
                "Explanation: {words}.",
                "Details: {link}",
            ],
        },
    },
    Template {
        word: "case_merged",
        zh: Texts {
            subject: "您反映的问题 {number} 已并案处理",
            sentences: &[
                "您反映的问题（编号{number}）与他人反映的为同一问题，已合并办理，结果同样会告知您。",
                "查看进展：{link}",
            ],
        },
        en: Texts {
            subject: "Your report {number} was joined to another",
            sentences: &[
                "Someone else reported the same problem as your report {number}; both are worked on together and you will hear of the result.",
                "Follow it here: {link}",
            ],
        },
    },
    Template {
        word: "case_unmerged",
        zh: Texts {
            subject: "您反映的问题 {number} 恢复单独办理",
            sentences: &["您反映的问题（编号{number}）已恢复单独办理。", "查看进展：{link}"],
        },
        en: Texts {
            subject: "Your report {number} is worked on by itself again",
            sentences: &["Your report {number} is worked on by itself again.", "Follow it here: {link}"],
        },
    },
    Template {
        word: "case_reopened",
        zh: Texts {
            subject: "您反映的问题 {number} 重新办理",
            sentences: &["您反映的问题（编号{number}）已重新办理。", "查看进展：{link}"],
        },
        en: Texts {
            subject: "Your report {number} was reopened",
            sentences: &["Your report {number} was reopened.", "Follow it here: {link}"],
        },
    },
    Template {
        word: "task_confirm",
        zh: Texts {
            subject: "核实任务 {number}",
            sentences: &["您有新的核实任务，案卷{number}。", "地点：{address}。", "内容：{text}"],
        },
        en: Texts {
            subject: "To confirm: {number}",
            sentences: &["Please confirm case {number} on the spot.", "Place: {address}.", "Text: {text}"],
        },
    },
    Template {
        word: "task_verify",
        zh: Texts {
            subject: "核查任务 {number}",
            sentences: &["您有新的核查任务，案卷{number}。", "地点：{address}。", "内容：{text}"],
        },
        en: Texts {
            subject: "To verify: {number}",
            sentences: &["Please verify case {number} on the spot.", "Place: {address}.", "Text: {text}"],
        },
    },
    Template {
        word: "task_given",
        zh: Texts {
            subject: "任务转给您 {number}",
            sentences: &["案卷{number}的现场任务已转给您。", "地点：{address}。", "内容：{text}"],
        },
        en: Texts {
            subject: "Task given to you: {number}",
            sentences: &["The task of case {number} was given to you.", "Place: {address}.", "Text: {text}"],
        },
    },
    Template {
        word: "order_given",
        zh: Texts {
            subject: "处置任务 {number}",
            sentences: &["您有新的处置任务，案卷{number}。", "地点：{address}。", "内容：{text}"],
        },
        en: Texts {
            subject: "Work order {number}",
            sentences: &["Case {number} was assigned to you.", "Place: {address}.", "Text: {text}"],
        },
    },
    Template {
        word: "handed_over",
        zh: Texts {
            subject: "交接班：案卷 {number}",
            sentences: &["案卷{number}已在交接班时移交给您。", "地点：{address}。"],
        },
        en: Texts {
            subject: "Handed over: {number}",
            sentences: &["Case {number} was handed over to you.", "Place: {address}."],
        },
    },
    Template {
        word: "clock_warn",
        zh: Texts {
            subject: "即将超时：案卷 {number}",
            sentences: &["案卷{number}的时限已用八成，请尽快办理。", "地点：{address}。", "内容：{text}"],
        },
        en: Texts {
            subject: "Running out of time: {number}",
            sentences: &[
                "Four fifths of the time for case {number} is used up.",
                "Place: {address}.",
                "Text: {text}",
            ],
        },
    },
    Template {
        word: "clock_due",
        zh: Texts {
            subject: "已超时：案卷 {number}",
            sentences: &["案卷{number}已超过时限，请立即办理。", "地点：{address}。", "内容：{text}"],
        },
        en: Texts {
            subject: "Overdue: {number}",
            sentences: &["Case {number} is overdue.", "Place: {address}.", "Text: {text}"],
        },
    },
    Template {
        word: "urged",
        zh: Texts {
            subject: "督办：案卷 {number}",
            sentences: &["案卷{number}被督办，请尽快办理。", "要求：{words}。", "地点：{address}。"],
        },
        en: Texts {
            subject: "Urged: {number}",
            sentences: &["Case {number} is being urged.", "Requirement: {words}.", "Place: {address}."],
        },
    },
    Template {
        word: "instructed",
        zh: Texts {
            subject: "领导批示：案卷 {number}",
            sentences: &["案卷{number}有领导批示。", "批示内容：{words}。", "地点：{address}。"],
        },
        en: Texts {
            subject: "Instruction on {number}",
            sentences: &[
                "There is an instruction on case {number}.",
                "It says: {words}.",
                "Place: {address}.",
            ],
        },
    },
    Template {
        word: "approval_asked",
        zh: Texts {
            subject: "待审批：案卷 {number}",
            sentences: &["案卷{number}有一项申请等待您审批。", "理由：{words}。"],
        },
        en: Texts {
            subject: "Approval asked: {number}",
            sentences: &["A request on case {number} waits for your approval.", "Reason: {words}."],
        },
    },
    Template {
        word: "approval_answered",
        zh: Texts {
            subject: "申请已审批：案卷 {number}",
            sentences: &["案卷{number}的申请已有审批结果。", "意见：{words}。"],
        },
        en: Texts {
            subject: "Request answered: {number}",
            sentences: &["Your request on case {number} was answered.", "Opinion: {words}."],
        },
    },
    Template {
        word: "suspension_over",
        zh: Texts {
            subject: "挂账到期：案卷 {number}",
            sentences: &["案卷{number}挂账到期，已恢复计时。", "地点：{address}。"],
        },
        en: Texts {
            subject: "Suspension is over: {number}",
            sentences: &[
                "The suspension of case {number} is over; its clock runs again.",
                "Place: {address}.",
            ],
        },
    },
    Template {
        word: "holidays_missing",
        zh: Texts {
            subject: "请补充{words}年节假日安排",
            sentences: &["工作日历中还没有{words}年的节假日与调休安排，请管理员补充，否则时限计算会不准。"],
        },
        en: Texts {
            subject: "Holidays of {words} are missing",
            sentences: &[
                "The working calendar has no holidays for {words} yet; please add them, or limits will be wrong.",
            ],
        },
    },
];

/// The message for a template word, or `None` when there is no such word.
/// `language` other than `en` is Chinese.
#[must_use]
pub fn message(word: &str, language: &str, params: &Map<String, Value>) -> Option<Message> {
    let template = TEMPLATES.iter().find(|t| t.word == word)?;
    let texts = if language == "en" { &template.en } else { &template.zh };
    let subject = fill(texts.subject, params).unwrap_or_else(|| default_subject(language).to_owned());
    let gap = if language == "en" { " " } else { "" };
    let body = texts.sentences.iter().filter_map(|s| fill(s, params)).collect::<Vec<_>>().join(gap);
    Some(Message { subject, body })
}

fn default_subject(language: &str) -> &'static str {
    if language == "en" { "A notice from the city" } else { "城市运行管理通知" }
}

/// All template words that have a text.
pub fn words() -> impl Iterator<Item = &'static str> {
    TEMPLATES.iter().map(|t| t.word)
}

/// Puts the parameters in; `None` when one is missing or empty.
fn fill(text: &str, params: &Map<String, Value>) -> Option<String> {
    let mut out = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        let close = open + rest[open..].find('}')?;
        out.push_str(&rest[..open]);
        let value = match params.get(&rest[open + 1..close])? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let value: String = value
            .trim()
            .trim_end_matches(['。', '.'])
            .chars()
            .map(single_line)
            .take(VALUE_MAX_CHARS)
            .collect();
        if value.is_empty() {
            return None;
        }
        out.push_str(&value);
        rest = &rest[close + 1..];
    }
    out.push_str(rest);
    Some(out)
}

/// Parameters come from people: no control character may reach a header or split a message.
fn single_line(c: char) -> char {
    if c.is_control() { ' ' } else { c }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeSet;

    fn params(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    fn holes(text: &str) -> BTreeSet<String> {
        text.split('{').skip(1).filter_map(|p| p.split('}').next()).map(str::to_owned).collect()
    }

    #[test]
    fn every_template_speaks_both_languages_about_the_same_things() {
        let mut seen = BTreeSet::new();
        for template in TEMPLATES {
            assert!(seen.insert(template.word), "{} is there twice", template.word);
            let of = |t: &Texts| t.sentences.iter().flat_map(|s| holes(s)).collect::<BTreeSet<_>>();
            assert_eq!(of(&template.zh), of(&template.en), "{}", template.word);
            assert_eq!(holes(template.zh.subject), holes(template.en.subject), "{}", template.word);
            assert_eq!(template.zh.sentences.len(), template.en.sentences.len(), "{}", template.word);
            assert!(
                template.zh.sentences.iter().all(|s| s.chars().any(|c| c > '\u{4e00}')),
                "{}",
                template.word
            );
            assert!(template.en.sentences.iter().all(|s| s.is_ascii()), "{}", template.word);
        }
    }

    #[test]
    fn a_sentence_without_its_parameter_is_left_out() {
        let some = params(json!({"number": "9901002026112200001", "words": "不属于城市管理。"}));
        let zh = message("case_declined", "zh", &some).unwrap();
        assert_eq!(zh.subject, "关于您反映的问题 9901002026112200001");
        assert_eq!(zh.body, "您反映的问题（编号9901002026112200001）经核实未予受理。原因：不属于城市管理。");
        let en = message("case_declined", "en", &some).unwrap();
        assert!(!en.body.contains('{') && !en.body.contains("Details"), "{}", en.body);
    }

    #[test]
    fn no_line_break_of_a_person_gets_into_a_message() {
        let evil = params(json!({"number": "1\r\nBcc: everyone@example.org", "link": "x"}));
        let message = message("case_closed", "en", &evil).unwrap();
        assert!(!message.subject.contains(['\r', '\n']));
        assert!(!message.body.contains(['\r', '\n']));
    }

    #[test]
    fn an_unknown_word_has_no_message() {
        assert_eq!(message("no_such_word", "zh", &Map::new()), None);
        assert!(words().any(|w| w == "report_received"));
    }
}
