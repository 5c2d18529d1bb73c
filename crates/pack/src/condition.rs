//! Conditions of packs are CEL (Common Expression Language). They are parsed and typed when the pack loads:
//! an unknown name, a choice that does not exist, a comparison of a date with a text, a condition that can
//! never hold, all are found before the first entry meets them.
//!
//! Dates are days, so that `documents.permit.expires < today + 30` reads as it should. A condition that
//! touches something an entry does not have (an empty field, a missing document) does not hold.

use crate::model::{FieldType, Register};
use cel::common::ast::{Expr, IdedExpr, LiteralValue, operators as op};
use cel::{Context, Env, Program, Value};
use jiff::civil::Date;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value as Json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock};

/// Characters of one condition: longer ones are several conditions.
pub(crate) const TEXT_MAX: usize = 1_000;
/// Combinations of choices tried to find a condition that can never hold.
const COMBINATIONS_MAX: usize = 4_096;

/// Words of the language, or of every entry: no field may be named so.
pub(crate) const RESERVED: [&str; 38] = [
    "state",
    "kind",
    "score",
    "today",
    "documents",
    "code",
    "name",
    "grid",
    "band",
    "photos",
    "relations",
    "area",
    "text",
    "after",
    "limit",
    "sort",
    "in",
    "true",
    "false",
    "null",
    "as",
    "break",
    "const",
    "continue",
    "else",
    "for",
    "function",
    "if",
    "import",
    "let",
    "loop",
    "package",
    "namespace",
    "return",
    "var",
    "void",
    "while",
    "date",
];

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));

/// A condition that was checked against the register it belongs to.
#[derive(Debug, Clone)]
pub struct Condition {
    text: String,
    program: Arc<Program>,
}

impl Serialize for Condition {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// What a condition is asked about: one entry on one day.
#[derive(Debug, Clone, Default)]
pub struct Facts<'a> {
    pub today: Date,
    pub state: &'a str,
    pub kind: &'a str,
    pub score: Option<f64>,
    /// Values by field, as stored.
    pub values: Option<&'a Map<String, Json>>,
    /// Documents the entry has, by id, with their last day where they have one.
    pub documents: BTreeMap<&'a str, Option<Date>>,
}

/// What is wrong with a condition; `offset` counts characters from its beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub offset: u32,
    pub code: &'static str,
    pub zh: String,
    pub en: String,
}

impl Condition {
    /// Parses and types `text` for entries of `register`.
    pub(crate) fn check(text: &str, register: &Register) -> Result<Self, Vec<Fault>> {
        if text.chars().count() > TEXT_MAX {
            return Err(vec![fault(
                0,
                "too_long",
                format!("条件最多 {TEXT_MAX} 个字符"),
                format!("a condition has at most {TEXT_MAX} characters"),
            )]);
        }
        let program = Program::compile(text).map_err(|problems| syntax(&problems))?;
        let mut typing = Typing { register, program: &program, faults: Vec::new() };
        let found = typing.of(program.expression());
        if !matches!(found, Type::Bool | Type::Broken) {
            typing.say(
                program.expression(),
                "cel_not_boolean",
                "条件的结果必须是“成立”或“不成立”",
                "the condition must be true or false",
            );
        }
        let faults = typing.faults;
        if faults.is_empty() {
            Ok(Self { text: text.to_owned(), program: Arc::new(program) })
        } else {
            Err(faults)
        }
    }

    /// True when no entry of `register` can ever meet it.
    pub(crate) fn never_holds(&self, register: &Register) -> bool {
        self.constant(register) == Some(false)
    }

    /// True when every entry of `register` meets it.
    pub(crate) fn always_holds(&self, register: &Register) -> bool {
        self.constant(register) == Some(true)
    }

    fn constant(&self, register: &Register) -> Option<bool> {
        let mut names = Vec::new();
        enumerable(self.program.expression(), register, &mut names);
        let mut combinations = vec![HashMap::new()];
        for (name, words) in names {
            if combinations.len() * words.len() > COMBINATIONS_MAX || words.is_empty() {
                continue;
            }
            combinations = combinations
                .into_iter()
                .flat_map(|known: HashMap<String, Known>| {
                    let name = name.clone();
                    words
                        .iter()
                        .map(move |word| {
                            let mut more = known.clone();
                            more.insert(name.clone(), word.clone());
                            more
                        })
                        .collect::<Vec<_>>()
                })
                .collect();
        }
        let mut answers = combinations.iter().map(|known| truth(self.program.expression(), known));
        let first = answers.next()??;
        answers.all(|answer| answer == Some(first)).then_some(first)
    }

    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True when the entry meets it. What the entry lacks makes it false.
    #[must_use]
    pub fn holds(&self, facts: &Facts<'_>, register: &Register) -> bool {
        let mut context = Context::with_env(ENV.clone());
        if context.add_function("date", date_function).is_err() {
            return false;
        }
        context.add_variable_from_value("today", day(facts.today));
        context.add_variable_from_value("state", text_value(facts.state));
        context.add_variable_from_value("kind", text_value(facts.kind));
        context.add_variable_from_value("score", facts.score.map_or(Value::Null, Value::Float));
        let documents: HashMap<String, Value> = facts
            .documents
            .iter()
            .map(|(id, expires)| {
                let expires = HashMap::from([("expires".to_owned(), expires.map_or(Value::Null, day))]);
                ((*id).to_owned(), Value::from(expires))
            })
            .collect();
        context.add_variable_from_value("documents", documents);
        for field in &register.fields {
            let stored = facts.values.and_then(|values| values.get(&field.id));
            let value = stored.map_or(Value::Null, |stored| value_of(field.kind, stored));
            context.add_variable_from_value(field.id.clone(), value);
        }
        matches!(self.program.execute(&context), Ok(Value::Bool(true)))
    }
}

fn date_function(text: Arc<String>) -> i64 {
    // Checked when the pack was read.
    text.parse::<Date>().map_or(i64::MIN, days)
}

fn days(date: Date) -> i64 {
    let epoch = Date::constant(1970, 1, 1);
    i64::from(date.since(epoch).map_or(0, |span| span.get_days()))
}

fn day(date: Date) -> Value {
    Value::Int(days(date))
}

fn text_value(text: &str) -> Value {
    Value::String(Arc::new(text.to_owned()))
}

fn value_of(kind: FieldType, stored: &Json) -> Value {
    match (kind, stored) {
        (FieldType::Number, Json::Number(number)) => number.as_f64().map_or(Value::Null, Value::Float),
        (FieldType::Boolean, Json::Bool(yes)) => Value::Bool(*yes),
        (FieldType::Date, Json::String(text)) => text.parse::<Date>().map_or(Value::Null, day),
        (FieldType::Person | FieldType::Department, Json::Number(number)) => {
            number.as_i64().map_or(Value::Null, Value::Int)
        }
        (FieldType::Photo | FieldType::Documents, Json::Array(items)) => {
            Value::List(Arc::new(items.iter().map(|_| Value::Null).collect()))
        }
        (_, Json::String(text)) if !text.is_empty() => text_value(text),
        _ => Value::Null,
    }
}

fn fault(offset: u32, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Fault {
    Fault { offset, code, zh: zh.into(), en: en.into() }
}

fn syntax(problems: &cel::ParseErrors) -> Vec<Fault> {
    let mut faults: Vec<Fault> = problems
        .errors
        .iter()
        .take(3)
        .map(|problem| {
            let offset = u32::try_from(problem.pos.1.max(1) - 1).unwrap_or_default();
            let what = problem.msg.lines().next().unwrap_or_default().to_owned();
            fault(
                offset,
                "cel_syntax",
                format!("条件无法解析：{what}"),
                format!("the condition cannot be read: {what}"),
            )
        })
        .collect();
    if faults.is_empty() {
        faults.push(fault(0, "cel_syntax", "条件无法解析", "the condition cannot be read"));
    }
    faults
}

#[derive(Debug, Clone, PartialEq)]
enum Type {
    Bool,
    /// A field of type number.
    Number,
    Int,
    Text,
    Date,
    /// A text that is one of these.
    Word(Vec<String>),
    /// Of which only the size is known.
    List,
    Words(Vec<String>),
    Documents,
    Document,
    Null,
    /// Something is wrong already; says nothing more.
    Broken,
}

impl Type {
    const fn name(&self) -> (&'static str, &'static str) {
        match self {
            Self::Bool => ("是否", "yes or no"),
            Self::Number | Self::Int => ("数字", "a number"),
            Self::Text => ("文字", "a text"),
            Self::Date => ("日期", "a date"),
            Self::Word(_) => ("选项", "a choice"),
            Self::List | Self::Words(_) => ("列表", "a list"),
            Self::Documents | Self::Document => ("证照", "a document"),
            Self::Null => ("空值", "nothing"),
            Self::Broken => ("", ""),
        }
    }

    const fn is_number(&self) -> bool {
        matches!(self, Self::Number | Self::Int)
    }
}

struct Typing<'a> {
    register: &'a Register,
    program: &'a Program,
    faults: Vec<Fault>,
}

impl Typing<'_> {
    fn say(
        &mut self,
        expr: &IdedExpr,
        code: &'static str,
        zh: impl Into<String>,
        en: impl Into<String>,
    ) -> Type {
        let offset = self.program.source_info().offset_for(expr.id).map_or(0, |(start, _)| start);
        self.faults.push(fault(offset, code, zh, en));
        Type::Broken
    }

    fn of(&mut self, expr: &IdedExpr) -> Type {
        match &expr.expr {
            Expr::Ident(name) => self.variable(expr, name),
            Expr::Literal(literal) => match literal {
                LiteralValue::Boolean(_) => Type::Bool,
                LiteralValue::Double(_) => Type::Number,
                LiteralValue::Int(_) | LiteralValue::UInt(_) => Type::Int,
                LiteralValue::String(text) => Type::Word(vec![text.inner().to_owned()]),
                LiteralValue::Null => Type::Null,
                LiteralValue::Bytes(_) => self.unsupported(expr),
            },
            Expr::Select(select) => {
                let operand = self.of(&select.operand);
                match operand {
                    Type::Documents if self.register.document(&select.field).is_some() => {
                        if select.test {
                            Type::Bool
                        } else {
                            Type::Document
                        }
                    }
                    Type::Documents => {
                        let id = &select.field;
                        self.say(
                            expr,
                            "unknown_document",
                            format!("没有名为 {id} 的证照"),
                            format!("there is no document {id}"),
                        )
                    }
                    Type::Document if select.field == "expires" && !select.test => Type::Date,
                    Type::Document => self.say(
                        expr,
                        "cel_type",
                        "证照只有 expires（有效期至）",
                        "a document has only `expires`",
                    ),
                    Type::Broken => Type::Broken,
                    _ => self.unsupported(expr),
                }
            }
            Expr::List(list) => {
                let mut words = Vec::new();
                for element in &list.elements {
                    match self.of(element) {
                        Type::Word(mut more) => words.append(&mut more),
                        Type::Broken => return Type::Broken,
                        _ => {
                            return self.say(
                                element,
                                "cel_type",
                                "列表中只能写文字",
                                "a list holds texts only",
                            );
                        }
                    }
                }
                Type::Words(words)
            }
            Expr::Call(call) => self.call(expr, call),
            _ => self.unsupported(expr),
        }
    }

    fn unsupported(&mut self, expr: &IdedExpr) -> Type {
        self.say(expr, "cel_unsupported", "条件中不能使用这种写法", "this cannot be used in a condition")
    }

    fn variable(&mut self, expr: &IdedExpr, name: &str) -> Type {
        match name {
            "today" => return Type::Date,
            "score" if self.register.rating.is_some() => return Type::Number,
            "documents" => return Type::Documents,
            "state" => return Type::Word(self.register.states.iter().map(|s| s.id.clone()).collect()),
            "kind" => return Type::Word(self.register.kinds.iter().map(|k| k.id.clone()).collect()),
            _ => {}
        }
        let Some(field) = self.register.field(name) else {
            return self.say(
                expr,
                "unknown_field",
                format!("没有名为 {name} 的字段"),
                format!("there is no field {name}"),
            );
        };
        match field.kind {
            FieldType::Text | FieldType::Phone | FieldType::Reference => Type::Text,
            FieldType::Number => Type::Number,
            FieldType::Date => Type::Date,
            FieldType::Boolean => Type::Bool,
            FieldType::Choice => Type::Word(field.choices.iter().map(|c| c.id.clone()).collect()),
            FieldType::Person | FieldType::Department => Type::Int,
            FieldType::Photo | FieldType::Documents => Type::List,
        }
    }

    fn call(&mut self, expr: &IdedExpr, call: &cel::common::ast::CallExpr) -> Type {
        let mut given: Vec<&IdedExpr> = call.target.iter().map(AsRef::as_ref).collect();
        given.extend(call.args.iter());
        let name = call.func_name.as_str();
        let types: Vec<Type> = given.iter().map(|one| self.of(one)).collect();
        if types.contains(&Type::Broken) {
            return Type::Broken;
        }
        match (name, types.as_slice()) {
            (op::LOGICAL_AND | op::LOGICAL_OR, [Type::Bool, Type::Bool])
            | (op::LOGICAL_NOT, [Type::Bool]) => Type::Bool,
            (op::EQUALS | op::NOT_EQUALS, [left, right]) => self.compare(expr, left, right),
            (op::LESS | op::LESS_EQUALS | op::GREATER | op::GREATER_EQUALS, [left, right]) => {
                let ordered =
                    (left.is_number() && right.is_number()) || (*left == Type::Date && *right == Type::Date);
                if ordered { Type::Bool } else { self.mismatch(expr, left, right) }
            }
            (op::ADD | op::SUBSTRACT, [Type::Date, Type::Int]) => Type::Date,
            (op::SUBSTRACT, [Type::Date, Type::Date]) => Type::Int,
            (op::ADD | op::SUBSTRACT | op::MULTIPLY | op::DIVIDE, [left, right])
                if left.is_number() && left == right =>
            {
                left.clone()
            }
            (op::NEGATE, [one]) if one.is_number() => one.clone(),
            (op::IN, [Type::Word(word), Type::Words(words)]) => {
                let word = word.clone();
                for one in words.clone() {
                    if !word.contains(&one) {
                        return self.unknown_choice(expr, &one, &word);
                    }
                }
                Type::Bool
            }
            (op::IN, [Type::Text, Type::Words(_)]) => Type::Bool,
            ("size", [Type::Text | Type::List]) => Type::Int,
            ("contains" | "startsWith" | "endsWith", [Type::Text, Type::Text | Type::Word(_)]) => Type::Bool,
            ("date", [Type::Word(text)]) => match text.first().map(|text| text.parse::<Date>()) {
                Some(Ok(_)) => Type::Date,
                _ => self.say(expr, "not_a_date", "日期写作 2026-01-31", "a date is written 2026-01-31"),
            },
            ("size" | "contains" | "startsWith" | "endsWith" | "date", _) => self.say(
                expr,
                "cel_type",
                format!("{name} 不能用于这里"),
                format!("{name} cannot be used on this"),
            ),
            (_, [left, right]) if name.starts_with(['_', '!', '@', '-']) => self.mismatch(expr, left, right),
            _ => self.say(
                expr,
                "cel_unsupported",
                format!("条件中不能使用 {name}"),
                format!("{name} cannot be used in a condition"),
            ),
        }
    }

    fn compare(&mut self, expr: &IdedExpr, left: &Type, right: &Type) -> Type {
        match (left, right) {
            (Type::Null, other) | (other, Type::Null)
                if !matches!(other, Type::Documents | Type::Document) =>
            {
                Type::Bool
            }
            (Type::Word(words), Type::Word(one)) | (Type::Word(one), Type::Word(words)) if one.len() == 1 => {
                match one.first() {
                    Some(word) if !words.contains(word) => self.unknown_choice(expr, word, words),
                    _ => Type::Bool,
                }
            }
            (Type::Text, Type::Word(_) | Type::Text) | (Type::Word(_), Type::Text) => Type::Bool,
            (left, right) if left == right || (left.is_number() && right.is_number()) => Type::Bool,
            _ => self.mismatch(expr, left, right),
        }
    }

    fn unknown_choice(&mut self, expr: &IdedExpr, word: &str, known: &[String]) -> Type {
        let known = known.join(", ");
        self.say(
            expr,
            "unknown_choice",
            format!("没有 {word}，只有 {known}"),
            format!("there is no {word}, only {known}"),
        )
    }

    fn mismatch(&mut self, expr: &IdedExpr, left: &Type, right: &Type) -> Type {
        let ((left_zh, left_en), (right_zh, right_en)) = (left.name(), right.name());
        self.say(
            expr,
            "cel_type",
            format!("{left_zh}不能与{right_zh}这样运算"),
            format!("{left_en} cannot be put together with {right_en} like this"),
        )
    }
}

/// What is known of a value when a condition is looked at without an entry.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    Bool(bool),
    Word(String),
}

/// Names in `expr` that can have only a few values, each once.
fn enumerable(expr: &IdedExpr, register: &Register, found: &mut Vec<(String, Vec<Known>)>) {
    let words = |ids: Vec<&String>| ids.into_iter().map(|id| Known::Word(id.clone())).collect();
    match &expr.expr {
        Expr::Ident(name) if found.iter().all(|(known, _)| known != name) => {
            let values: Option<Vec<Known>> = match name.as_str() {
                "state" => Some(words(register.states.iter().map(|s| &s.id).collect())),
                "kind" if !register.kinds.is_empty() => {
                    Some(words(register.kinds.iter().map(|k| &k.id).collect()))
                }
                // An optional field may be empty: nothing is known of it then.
                _ => register.field(name).filter(|field| field.required).and_then(|field| match field.kind {
                    FieldType::Choice => Some(words(field.choices.iter().map(|c| &c.id).collect())),
                    FieldType::Boolean => Some(vec![Known::Bool(true), Known::Bool(false)]),
                    _ => None,
                }),
            };
            found.extend(values.map(|values| (name.clone(), values)));
        }
        Expr::Call(call) => {
            for one in call.target.iter().map(AsRef::as_ref).chain(&call.args) {
                enumerable(one, register, found);
            }
        }
        _ => {}
    }
}

fn truth(expr: &IdedExpr, known: &HashMap<String, Known>) -> Option<bool> {
    match value(expr, known)? {
        Known::Bool(yes) => Some(yes),
        Known::Word(_) => None,
    }
}

fn value(expr: &IdedExpr, known: &HashMap<String, Known>) -> Option<Known> {
    match &expr.expr {
        Expr::Ident(name) => known.get(name).cloned(),
        Expr::Literal(LiteralValue::Boolean(yes)) => Some(Known::Bool(*yes.inner())),
        Expr::Literal(LiteralValue::String(text)) => Some(Known::Word(text.inner().to_owned())),
        Expr::Call(call) => match (call.func_name.as_str(), call.args.as_slice()) {
            (op::LOGICAL_NOT, [one]) => truth(one, known).map(|yes| Known::Bool(!yes)),
            (op::LOGICAL_AND, [left, right]) => match (truth(left, known), truth(right, known)) {
                (Some(false), _) | (_, Some(false)) => Some(Known::Bool(false)),
                (Some(true), Some(true)) => Some(Known::Bool(true)),
                _ => None,
            },
            (op::LOGICAL_OR, [left, right]) => match (truth(left, known), truth(right, known)) {
                (Some(true), _) | (_, Some(true)) => Some(Known::Bool(true)),
                (Some(false), Some(false)) => Some(Known::Bool(false)),
                _ => None,
            },
            (op::EQUALS, [left, right]) => Some(Known::Bool(value(left, known)? == value(right, known)?)),
            (op::NOT_EQUALS, [left, right]) => Some(Known::Bool(value(left, known)? != value(right, known)?)),
            (op::IN, [one, IdedExpr { expr: Expr::List(list), .. }]) => {
                let one = value(one, known)?;
                let mut any = false;
                for element in &list.elements {
                    any |= value(element, known)? == one;
                }
                Some(Known::Bool(any))
            }
            _ => None,
        },
        _ => None,
    }
}
