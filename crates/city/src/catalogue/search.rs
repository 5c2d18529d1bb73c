//! Finds the class people mean by what they say, in Chinese, in English or by pinyin initials.

use super::{Catalogue, pinyin, synonyms::SYNONYMS};
use crate::crosswalk;
use crate::text::Lang;
use crate::tokens;
use kernel::{ClassKey, Edition, Kind};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Longer queries are cut: nobody describes a class in more words.
const QUERY_CHARS_MAX: usize = 200;

const NAME: f32 = 3.0;
const SYNONYM: f32 = 2.0;
const FILING: f32 = 0.7;
const MAJOR: f32 = 0.3;
/// A whole phrase, name or pinyin beats scattered words.
const PHRASE_BONUS: f32 = 12.0;
const NAME_BONUS: f32 = 10.0;
const PART_BONUS: f32 = 5.0;
const CODE_BONUS: f32 = 100.0;

/// Which classes may be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SearchFilter {
    pub edition: Option<Edition>,
    pub kind: Option<Kind>,
    pub limit: usize,
}

impl Default for SearchFilter {
    fn default() -> Self {
        Self { edition: None, kind: None, limit: 10 }
    }
}

/// A class that may be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassHit {
    pub key: ClassKey,
    /// 1 to 100, 100 for the best of this answer.
    pub score: u8,
    /// The filing condition nearest to the words, when one shares some with them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub criterion: Option<u16>,
}

/// An index over the offered classes of a catalogue. Build it once; it does not follow later changes.
#[derive(Debug)]
pub struct ClassSearch {
    docs: Vec<Doc>,
    postings: HashMap<String, Vec<(u32, f32)>>,
    phrases: Vec<Phrase>,
}

#[derive(Debug)]
struct Doc {
    key: ClassKey,
    name_zh: String,
    name_en: String,
    initials: String,
    filings: Vec<(u16, BTreeSet<String>)>,
}

#[derive(Debug)]
struct Phrase {
    /// Chinese as it is, English as stemmed words with a blank on either side.
    text: String,
    initials: String,
    docs: Vec<u32>,
}

impl ClassSearch {
    #[must_use]
    pub fn new(catalogue: &Catalogue) -> Self {
        let mut index = Self { docs: Vec::new(), postings: HashMap::new(), phrases: Vec::new() };
        let mut by_key: HashMap<&ClassKey, u32> = HashMap::new();
        let mut words: BTreeMap<(String, u32), f32> = BTreeMap::new();
        for class in catalogue.iter().filter(|class| class.entry.is_offered()) {
            let id = u32::try_from(index.docs.len()).unwrap_or(u32::MAX);
            let entry = &class.entry;
            by_key.insert(&entry.key, id);
            add(&mut words, id, &entry.name.zh, NAME);
            add(&mut words, id, &entry.name.en, NAME);
            add(&mut words, id, &entry.major_name.zh, MAJOR);
            add(&mut words, id, &entry.major_name.en, MAJOR);
            let mut filings = Vec::new();
            for criterion in class.criteria.iter().filter(|c| !c.disabled) {
                add(&mut words, id, &criterion.filing.zh, FILING);
                add(&mut words, id, &criterion.filing.en, FILING);
                let both = query_words(&criterion.filing.zh).chain(query_words(&criterion.filing.en));
                filings.push((criterion.seq, both.collect()));
            }
            let name_zh = tokens::normalise(&entry.name.zh);
            index.docs.push(Doc {
                key: entry.key.clone(),
                initials: pinyin::initials(&name_zh),
                name_zh,
                name_en: stemmed(&entry.name.en),
                filings,
            });
        }
        for synonym in SYNONYMS {
            let docs = synonym_docs(synonym.classes, &by_key);
            for (text, is_zh) in
                synonym.zh.iter().map(|t| (t, true)).chain(synonym.en.iter().map(|t| (t, false)))
            {
                for id in &docs {
                    add(&mut words, *id, text, SYNONYM);
                }
                index.phrases.push(Phrase {
                    text: if is_zh { tokens::normalise(text) } else { stemmed(text) },
                    initials: if is_zh { pinyin::initials(text) } else { String::new() },
                    docs: docs.clone(),
                });
            }
        }
        for ((word, id), weight) in words {
            index.postings.entry(word).or_default().push((id, weight));
        }
        index
    }

    /// Classes in falling order of likeness. In Chinese, Latin letters may also be pinyin initials; a code
    /// or its beginning finds its classes in either language.
    #[must_use]
    pub fn search(&self, text: &str, lang: Lang, filter: &SearchFilter) -> Vec<ClassHit> {
        let query: String = tokens::normalise(text).chars().take(QUERY_CHARS_MAX).collect();
        let query = query.trim();
        if query.is_empty() {
            return Vec::new();
        }
        let mut scores = vec![0.0_f32; self.docs.len()];
        let words: BTreeSet<String> = query_words(query).collect();
        self.score_words(&words, &mut scores);
        self.score_phrases(query, &mut scores);
        if lang == Lang::Zh
            && (2..=12).contains(&query.len())
            && query.bytes().all(|b| b.is_ascii_alphabetic())
        {
            self.score_initials(query, &mut scores);
        }
        if (2..=5).contains(&query.len()) && query.bytes().all(|b| b.is_ascii_digit()) {
            for (doc, score) in self.docs.iter().zip(&mut scores) {
                if doc.key.code().starts_with(query) {
                    *score += CODE_BONUS;
                }
            }
        }
        self.ranked(&scores, &words, filter)
    }

    fn score_words(&self, words: &BTreeSet<String>, scores: &mut [f32]) {
        for word in words {
            let Some(found) = self.postings.get(word) else { continue };
            #[allow(clippy::cast_precision_loss)] // a few hundred classes
            let rarity = (1.0 + self.docs.len() as f32 / found.len() as f32).ln();
            for (id, weight) in found {
                scores[*id as usize] += weight * rarity;
            }
        }
    }

    fn score_phrases(&self, query: &str, scores: &mut [f32]) {
        let stems = stemmed(query);
        let chars = query.chars().count();
        let share = |part: &str| {
            #[allow(clippy::cast_precision_loss)] // short texts
            let share = part.chars().count() as f32 / chars.max(1) as f32;
            share.min(1.0)
        };
        let relation = |text: &str| {
            let (query, text) = if text.starts_with(' ') { (stems.as_str(), text) } else { (query, text) };
            if text.trim().is_empty() {
                return 0.0;
            }
            if query.contains(text) {
                return 0.5 + 0.5 * share(text);
            }
            if chars >= 2 && query.trim() != "" && text.contains(query) {
                PART_BONUS / NAME_BONUS
            } else {
                0.0
            }
        };
        for (doc, score) in self.docs.iter().zip(scores.iter_mut()) {
            *score += NAME_BONUS * relation(&doc.name_zh).max(relation(&doc.name_en));
            if doc.name_zh == query {
                *score += NAME_BONUS;
            }
        }
        for phrase in &self.phrases {
            let bonus = PHRASE_BONUS * relation(&phrase.text);
            if bonus > 0.0 {
                for id in &phrase.docs {
                    scores[*id as usize] += bonus;
                }
            }
        }
    }

    fn score_initials(&self, query: &str, scores: &mut [f32]) {
        let relation = |initials: &str| {
            if initials == query {
                NAME_BONUS
            } else if initials.starts_with(query) {
                PART_BONUS
            } else if query.len() >= 3 && initials.contains(query) {
                PART_BONUS / 2.0
            } else {
                0.0
            }
        };
        for (doc, score) in self.docs.iter().zip(scores.iter_mut()) {
            *score += relation(&doc.initials);
        }
        for phrase in &self.phrases {
            let bonus = relation(&phrase.initials);
            for id in &phrase.docs {
                scores[*id as usize] += bonus;
            }
        }
    }

    fn ranked(&self, scores: &[f32], words: &BTreeSet<String>, filter: &SearchFilter) -> Vec<ClassHit> {
        let mut order: Vec<usize> = (0..scores.len())
            .filter(|i| {
                let key = &self.docs[*i].key;
                scores[*i] > 0.0
                    && filter.edition.is_none_or(|edition| edition == key.edition)
                    && filter.kind.is_none_or(|kind| kind == key.kind)
            })
            .collect();
        order.sort_by(|a, b| {
            scores[*b]
                .total_cmp(&scores[*a])
                .then_with(|| self.docs[*b].key.edition.cmp(&self.docs[*a].key.edition))
                .then_with(|| a.cmp(b))
        });
        let best = order.first().map_or(1.0, |i| scores[*i]);
        order
            .into_iter()
            .take(filter.limit)
            .map(|i| {
                let doc = &self.docs[i];
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0 to 100
                let score = (100.0 * scores[i] / best).round().clamp(1.0, 100.0) as u8;
                let nearest = doc
                    .filings
                    .iter()
                    .map(|(seq, filing)| (filing.intersection(words).count(), *seq))
                    .filter(|(shared, _)| *shared > 0)
                    .max_by_key(|(shared, seq)| (*shared, std::cmp::Reverse(*seq)));
                ClassHit { key: doc.key.clone(), score, criterion: nearest.map(|(_, seq)| seq) }
            })
            .collect()
    }
}

/// The classes of a row, in both editions where the cross-walk has them.
fn synonym_docs(classes: &[&str], by_key: &HashMap<&ClassKey, u32>) -> Vec<u32> {
    let mut docs = BTreeSet::new();
    for class in classes {
        let (kind, code) = match class.split_at(1) {
            ("c", code) => (Kind::Component, code),
            (_, code) => (Kind::Event, code),
        };
        let edition = if code.len() == 4 { Edition::E2013 } else { Edition::E2026 };
        let Ok(key) = ClassKey::new(edition, kind, code) else { continue };
        let other = match edition {
            Edition::E2013 => crosswalk::to_2026(&key),
            Edition::E2026 => crosswalk::to_2013(&key),
        };
        docs.extend(other.exact().iter().chain([&key]).filter_map(|key| by_key.get(key)));
    }
    docs.into_iter().collect()
}

/// Keeps the greatest weight of a word in a class, so that long lists of conditions do not outweigh a name.
fn add(words: &mut BTreeMap<(String, u32), f32>, id: u32, text: &str, weight: f32) {
    for word in query_words(text) {
        let held = words.entry((word, id)).or_default();
        *held = held.max(weight);
    }
}

/// Chinese pairs (or a character alone) and stemmed English words without the empty ones.
fn query_words(text: &str) -> impl Iterator<Item = String> {
    tokens::query_tokens(text).into_iter().filter_map(|token| {
        if !token.text.is_ascii() {
            return (!STOP_PAIRS.contains(&token.text.as_str())).then_some(token.text);
        }
        (!STOP_WORDS.contains(&token.text.as_str())).then(|| stem(&token.text).to_owned())
    })
}

const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "are", "at", "be", "been", "by", "etc", "for", "from", "has", "have", "i", "in", "is",
    "it", "its", "my", "no", "not", "of", "on", "or", "our", "please", "so", "that", "the", "there", "this",
    "to", "was", "we", "with",
];

/// Pairs that say where or that, not what.
const STOP_PAIRS: &[&str] = &[
    "一个", "上有", "下有", "里有", "有个", "有人", "没有", "我家", "我们", "家门", "门口", "这里", "那里",
    "附近", "旁边", "路上", "街上", "地上", "马路", "小区", "一直", "已经", "请问", "麻烦", "反映", "问题",
    "不了", "了好", "好几", "几天",
];

/// The English words of a text, stemmed, each between blanks: ` street light out `. Blank for Chinese.
fn stemmed(text: &str) -> String {
    let mut out = String::from(" ");
    for token in tokens::bigrams(text).filter(|token| token.is_ascii()) {
        out.push_str(stem(&token));
        out.push(' ');
    }
    out
}

/// Cuts the commonest English endings, so that lights, lighting and light are one word.
fn stem(word: &str) -> &str {
    let cut = |ending: &str, keep: usize| word.strip_suffix(ending).filter(|rest| rest.len() >= keep);
    let word = if word.ends_with("ss") {
        word
    } else {
        cut("ings", 4)
            .or_else(|| cut("ing", 4))
            .or_else(|| cut("ed", 4))
            .or_else(|| cut("s", 3))
            .unwrap_or(word)
    };
    word.strip_suffix('e').filter(|rest| rest.len() >= 3).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn english_endings_do_not_matter() {
        for word in ["light", "lights", "lighting", "lighted"] {
            assert_eq!(stem(word), "light", "{word}");
        }
        assert_eq!(stem("damaged"), stem("damage"));
        assert_eq!(stem("grass"), "grass");
        assert_eq!(stemmed("Street Lights out!"), " street light out ");
    }

    #[test]
    fn every_synonym_leads_to_a_class() {
        let catalogue = Catalogue::national_ref();
        let by_key: HashMap<&ClassKey, u32> = catalogue
            .iter()
            .filter(|c| c.entry.is_offered())
            .zip(0..)
            .map(|(c, i)| (&c.entry.key, i))
            .collect();
        for synonym in SYNONYMS {
            for class in synonym.classes {
                assert!(!synonym_docs(&[class], &by_key).is_empty(), "{class} of {:?}", synonym.zh);
            }
        }
    }
}
