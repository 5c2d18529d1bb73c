//! Opinion templates (意见模板): sentences ready to be chosen when a step asks for an opinion.

use crate::text::{FieldProblem, L10n, check_text};
use kernel::PersonId;
use serde::{Deserialize, Serialize};

/// Characters of one opinion.
pub const TEXT_MAX: usize = 500;

/// One ready sentence for one step. `{department}`, `{limit}` and `{class}` are filled in by the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpinionTemplate {
    /// Numbered inside the city.
    pub id: u32,
    /// Wire word of the step, such as `decline` or `approve_extension`.
    pub step: String,
    pub text: L10n,
    /// Whose own it is; none for everybody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
    #[serde(default)]
    pub order: u16,
    #[serde(default)]
    pub version: u32,
}

impl OpinionTemplate {
    /// Everything wrong with the template.
    #[must_use]
    pub fn check(&self) -> Vec<FieldProblem> {
        let mut problems = Vec::new();
        let step_ok = !self.step.is_empty()
            && self.step.len() <= 60
            && self.step.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
        if !step_ok {
            problems.push(FieldProblem::new("step", "bad_code", "请选择环节", "choose the step"));
        }
        check_text("text", &self.text, TEXT_MAX, &mut problems);
        problems
    }
}

/// The templates for a step that a person may choose: own ones first, then everybody's, each in their order.
#[must_use]
pub fn for_step<'a>(
    templates: &'a [OpinionTemplate],
    step: &str,
    person: Option<PersonId>,
) -> Vec<&'a OpinionTemplate> {
    let mut found: Vec<&OpinionTemplate> =
        templates.iter().filter(|t| t.step == step && (t.person.is_none() || t.person == person)).collect();
    found.sort_by_key(|t| (t.person.is_none(), t.order, t.id));
    found
}

/// Sentences a new city starts with.
#[must_use]
pub fn defaults() -> Vec<OpinionTemplate> {
    let rows: &[(&str, &str, &str)] = &[
        (
            "decline",
            "不属于城市管理受理范围，已告知反映人向相关部门反映。",
            "Outside the scope of city management; the reporter was told whom to ask.",
        ),
        (
            "decline",
            "经核实，现场未发现所反映的问题。",
            "Checked on site: the reported problem was not found.",
        ),
        (
            "decline",
            "所反映内容不明确，且无法联系反映人核实。",
            "The report is unclear and the reporter could not be reached.",
        ),
        ("accept", "情况属实，予以受理。", "The report is correct and is accepted."),
        ("file", "符合立案条件，同意立案。", "Meets the filing condition; filed."),
        (
            "send_back",
            "类别或位置有误，请更正后重新提交。",
            "Class or place is wrong; please correct it and submit again.",
        ),
        (
            "dispatch",
            "请{department}按时限处置，并上传处置后照片。",
            "{department}: please handle within the limit and upload a photo afterwards.",
        ),
        (
            "dispatch",
            "存在安全隐患，请先行设置警示围护，再行处置。",
            "There is a danger: please guard the place first, then handle.",
        ),
        (
            "request_return",
            "不属于本部门职责范围，申请退回。",
            "Not within the duty of this department; return requested.",
        ),
        (
            "request_return",
            "权属单位为其他单位，请改派。",
            "The owner is another organisation; please dispatch elsewhere.",
        ),
        (
            "approve_return",
            "情况属实，同意退回，重新派遣。",
            "Correct; the return is approved and the case dispatched anew.",
        ),
        (
            "reject_return",
            "属于你单位职责，请按时限处置。",
            "This is your duty; please handle it within the limit.",
        ),
        (
            "request_extension",
            "受天气影响无法施工，申请延期。",
            "Work is impossible in this weather; extension requested.",
        ),
        ("request_extension", "需采购配件，申请延期。", "Parts have to be bought; extension requested."),
        ("approve_extension", "理由充分，同意延期。", "The reason is sound; extension approved."),
        (
            "reject_extension",
            "理由不充分，请按原时限完成。",
            "The reason does not suffice; please keep to the limit.",
        ),
        (
            "request_suspension",
            "须待其他工程完工后方可处置，申请挂账。",
            "Other works have to end first; suspension requested.",
        ),
        (
            "approve_suspension",
            "同意挂账，条件具备后立即恢复。",
            "Suspension approved; resume as soon as it is possible.",
        ),
        ("reject_suspension", "具备处置条件，不同意挂账。", "It can be handled now; suspension refused."),
        ("reply", "已处置完毕，现场已恢复。", "Handled; the place is restored."),
        (
            "reject_reply",
            "照片不能反映处置结果，请补充。",
            "The photos do not show the result; please add some.",
        ),
        (
            "request_verification",
            "请到现场核查处置结果并拍照。",
            "Please check the result on site and take photos.",
        ),
        ("answer_verification", "经现场核查，问题已解决。", "Checked on site: the problem is solved."),
        ("answer_verification", "经现场核查，问题未解决。", "Checked on site: the problem is not solved."),
        ("close", "处置结果符合结案条件，同意结案。", "The result meets the closing condition; closed."),
        (
            "refuse_closing",
            "处置结果不符合结案条件，请返工。",
            "The result does not meet the closing condition; please do it again.",
        ),
        ("urge", "案件即将超期，请抓紧处置。", "The case is nearly overdue; please hurry."),
        (
            "instruct",
            "请责任单位高度重视，限期解决，并报结果。",
            "Please attend to this, solve it in time and report the result.",
        ),
        (
            "answer_at_once",
            "已现场答复反映人，反映人表示满意。",
            "Answered at once; the reporter is content.",
        ),
        ("force_close", "经研究，予以强制结案。", "Decided after review: closed without further handling."),
    ];
    (1..)
        .zip(rows)
        .map(|(id, (step, zh, en))| OpinionTemplate {
            id,
            step: (*step).to_owned(),
            text: L10n::new(*zh, *en),
            person: None,
            order: u16::try_from(id).unwrap_or(u16::MAX),
            version: 1,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_complete_in_both_languages() {
        for template in defaults() {
            assert_eq!(template.check(), [], "{}", template.text.zh);
            assert!(!template.text.en.is_empty());
        }
    }

    #[test]
    fn own_sentences_go_first_and_others_own_are_not_shown() {
        let mut all = defaults();
        for (id, person) in [(100, 7), (101, 8)] {
            all.push(OpinionTemplate {
                id,
                step: "decline".into(),
                text: L10n::new("自拟", ""),
                person: Some(PersonId(person)),
                order: 0,
                version: 1,
            });
        }
        let found: Vec<u32> = for_step(&all, "decline", Some(PersonId(7))).iter().map(|t| t.id).collect();
        assert_eq!(found, [100, 1, 2, 3]);
        assert_eq!(for_step(&all, "decline", None).len(), 3);
    }
}
