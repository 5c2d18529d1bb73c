//! A store in memory, for tests of the application. It keeps the promises of the real ones, which the
//! conformance suite checks, but the one to survive.

mod registry;

use app::ports::{
    Append, Appended, AuditEntry, Credential, DueMoment, Forget, Forgotten, Notice, Outcome, PutRecord,
    QueuedNotice, Reporter, Session, Store, StoreError, StoredAttachment, StoredAudit, StoredCase,
    StoredRecord,
};
use async_trait::async_trait;
use case::FactRecord;
use city::tokens::QueryToken;
use kernel::{CaseId, CaseNumber, CityCode, ClockKind, PersonId, Timestamp};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use uuid::Uuid;

const SEEN_WITHIN_MS: i64 = 60_000;

#[derive(Default)]
pub struct MemoryStore {
    inner: Mutex<Inner>,
}

#[derive(Default, Clone)]
struct Inner {
    cities: BTreeMap<CityCode, City>,
    sessions: HashMap<String, Session>,
}

#[derive(Default, Clone)]
struct City {
    position: i64,
    /// By serial.
    cases: Vec<StoredCase>,
    serials: HashMap<CaseId, u32>,
    by_number: HashMap<String, u32>,
    facts: HashMap<CaseId, Vec<FactRecord>>,
    commands: HashMap<Uuid, (CaseId, u32, Timestamp)>,
    words: HashMap<u32, BTreeSet<String>>,
    reporters: HashMap<CaseId, Reporter>,
    secrets: HashMap<String, CaseId>,
    moments: BTreeMap<CaseId, BTreeMap<(ClockKind, String), Due>>,
    outbox: BTreeMap<i64, Queued>,
    last_notice: i64,
    photos: Vec<(CaseId, String, u64, Timestamp)>,
    numbers: HashMap<u32, u32>,
    records: BTreeMap<(String, String), Vec<StoredRecord>>,
    records_version: i64,
    credentials: HashMap<PersonId, Credential>,
    audit: Vec<StoredAudit>,
    last_audit: i64,
    attachments: HashMap<String, StoredAttachment>,
    registry: registry::Registry,
}

#[derive(Clone)]
struct Due {
    at: Timestamp,
    lease_until: Timestamp,
    done: bool,
}

#[derive(Clone)]
struct Queued {
    case: Option<CaseId>,
    notice: Notice,
    queued_at: Timestamp,
    attempts: u32,
    again_at: Timestamp,
    lease_until: Timestamp,
    failed: bool,
}

impl City {
    fn get(&self, id: CaseId) -> Option<&StoredCase> {
        self.cases.get(*self.serials.get(&id)? as usize)
    }

    fn queue(&mut self, case: Option<CaseId>, at: Timestamp, notices: Vec<Notice>) {
        for notice in notices {
            self.last_notice += 1;
            let start = Timestamp::default();
            let queued = Queued {
                case,
                notice,
                queued_at: at,
                attempts: 0,
                again_at: start,
                lease_until: start,
                failed: false,
            };
            self.outbox.insert(self.last_notice, queued);
        }
    }

    fn write(&mut self, append: Append) -> Appended {
        let Append { state, facts, command, words, reporter, secret_hash, notices, photo_hashes, .. } =
            append;
        let id = state.id;
        self.position += 1;
        let position = self.position;
        let serial = *self.serials.entry(id).or_insert(u32::try_from(self.cases.len()).unwrap_or(u32::MAX));
        self.by_number.entry(state.number.to_string()).or_insert(serial);
        if let Some(command) = command {
            self.commands.entry(command).or_insert((id, state.version, state.updated_at));
        }
        if let Some(words) = words {
            self.words.insert(serial, words.into_iter().collect());
        }
        if let Some(reporter) = reporter {
            self.reporters.insert(id, reporter);
        }
        if let Some(hash) = secret_hash
            && !self.secrets.values().any(|of| *of == id)
        {
            self.secrets.entry(hash).or_insert(id);
        }
        for (attachment, hash) in photo_hashes {
            if !self.photos.iter().any(|photo| photo.0 == id && photo.1 == attachment) {
                self.photos.push((id, attachment, hash, state.updated_at));
            }
        }
        let mut before = self.moments.remove(&id).unwrap_or_default();
        let mut moments = BTreeMap::new();
        for (clock, moment, at) in state.moments() {
            let key = (clock, moment.as_str().to_owned());
            let due = before.remove(&key).filter(|due| due.at == at);
            moments.insert(key, due.unwrap_or(Due { at, lease_until: Timestamp::default(), done: false }));
        }
        if !moments.is_empty() {
            self.moments.insert(id, moments);
        }
        self.queue(Some(id), state.updated_at, notices);
        self.facts.entry(id).or_default().extend(facts);
        let stored = StoredCase { serial, position, case: state };
        match self.cases.get_mut(serial as usize) {
            Some(place) => *place = stored,
            None => self.cases.push(stored),
        }
        Appended { outcome: Outcome::Written, serial, position }
    }
}

impl Inner {
    fn append(&mut self, batch: Vec<Append>) -> Result<Vec<Appended>, StoreError> {
        for one in &batch {
            let fits = one.state.version.checked_sub(one.expected_version).map(|count| count as usize);
            let in_order =
                one.facts.iter().zip(one.expected_version + 1..).all(|(record, seq)| record.seq == seq);
            if fits != Some(one.facts.len())
                || !in_order
                || one.state.version == 0
                || one.state.city != one.city
            {
                let doing = "append facts that do not lead to their case";
                return Err(StoreError::Failed { doing, cause: one.state.id.to_string().into() });
            }
        }
        let repeated = batch.iter().find_map(|one| {
            let city = self.cities.get(&one.city)?;
            city.commands.get(&one.command?).map(|(case, version, _)| (one.city, *case, *version))
        });
        if let Some((city, about, version)) = repeated {
            let answer = |one: &Append| {
                let of = |city: CityCode, id| self.cities.get(&city).and_then(|city| city.get(id));
                let (serial, position) = of(one.city, one.state.id)
                    .or_else(|| of(city, about))
                    .map_or((0, 0), |case| (case.serial, case.position));
                Appended { outcome: Outcome::Repeated { version }, serial, position }
            };
            return Ok(batch.iter().map(answer).collect());
        }
        let mut versions: HashMap<(CityCode, CaseId), Option<u32>> = HashMap::new();
        for one in &batch {
            let id = one.state.id;
            let stored =
                || self.cities.get(&one.city).and_then(|city| city.get(id)).map(|found| found.case.version);
            let version = versions.entry((one.city, id)).or_insert_with(stored);
            match *version {
                None if one.expected_version > 0 => return Err(StoreError::Stale { id }),
                Some(_) if one.expected_version == 0 => return Err(StoreError::Exists { id }),
                Some(version) if version != one.expected_version => return Err(StoreError::Stale { id }),
                _ => *version = Some(one.state.version),
            }
            let number = one.state.number.as_str();
            let taken = self.cities.get(&one.city).is_some_and(|city| city.by_number.contains_key(number));
            if one.expected_version == 0 && taken {
                return Err(StoreError::Failed {
                    doing: "append facts",
                    cause: "the case number is taken".into(),
                });
            }
        }
        Ok(batch.into_iter().map(|one| self.cities.entry(one.city).or_default().write(one)).collect())
    }
}

impl MemoryStore {
    fn with<T>(&self, city: CityCode, read: impl FnOnce(&City) -> T) -> T {
        match self.inner.lock().cities.get(&city) {
            Some(city) => read(city),
            None => read(&City::default()),
        }
    }

    fn change<T>(&self, city: CityCode, change: impl FnOnce(&mut City) -> T) -> T {
        change(self.inner.lock().cities.entry(city).or_default())
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn append(&self, batch: Vec<Append>) -> Result<Vec<Appended>, StoreError> {
        self.inner.lock().append(batch)
    }

    async fn append_bulk(&self, batch: Vec<Append>) -> Result<Vec<Appended>, StoreError> {
        let mut inner = self.inner.lock();
        let mut appended = Vec::with_capacity(batch.len());
        let mut first_error = None;
        for one in batch {
            match inner.append(vec![one]) {
                Ok(one) => appended.extend(one),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(appended), Err)
    }

    async fn case(&self, city: CityCode, id: CaseId) -> Result<Option<StoredCase>, StoreError> {
        Ok(self.with(city, |city| city.get(id).cloned()))
    }

    async fn case_by_number(&self, city: CityCode, number: &str) -> Result<Option<StoredCase>, StoreError> {
        Ok(self.with(city, |city| {
            let serial = city.by_number.get(number)?;
            city.cases.get(*serial as usize).cloned()
        }))
    }

    async fn case_by_secret(
        &self,
        city: CityCode,
        secret_hash: &str,
    ) -> Result<Option<StoredCase>, StoreError> {
        Ok(self.with(city, |city| city.secrets.get(secret_hash).and_then(|id| city.get(*id)).cloned()))
    }

    async fn cases_by_serial(&self, city: CityCode, serials: &[u32]) -> Result<Vec<StoredCase>, StoreError> {
        let mut seen = BTreeSet::new();
        let asked = serials.iter().take(1_000).filter(|serial| seen.insert(**serial));
        Ok(self.with(city, |city| {
            asked.filter_map(|serial| city.cases.get(*serial as usize).cloned()).collect()
        }))
    }

    async fn changed_since(
        &self,
        city: CityCode,
        position: i64,
        limit: u32,
    ) -> Result<Vec<StoredCase>, StoreError> {
        Ok(self.with(city, |city| {
            let mut changed: Vec<_> =
                city.cases.iter().filter(|found| found.position > position).cloned().collect();
            changed.sort_unstable_by_key(|found| found.position);
            changed.truncate(limit as usize);
            changed
        }))
    }

    async fn facts(&self, city: CityCode, id: CaseId) -> Result<Vec<FactRecord>, StoreError> {
        Ok(self.with(city, |city| city.facts.get(&id).cloned().unwrap_or_default()))
    }

    async fn facts_of(&self, city: CityCode, ids: &[CaseId]) -> Result<Vec<Vec<FactRecord>>, StoreError> {
        let asked = ids.iter().take(1_000);
        Ok(self.with(city, |city| asked.map(|id| city.facts.get(id).cloned().unwrap_or_default()).collect()))
    }

    async fn command(&self, city: CityCode, command: Uuid) -> Result<Option<CaseId>, StoreError> {
        Ok(self.with(city, |city| city.commands.get(&command).map(|(id, ..)| *id)))
    }

    async fn head(&self, city: CityCode) -> Result<(i64, u32), StoreError> {
        Ok(self.with(city, |city| (city.position, u32::try_from(city.cases.len()).unwrap_or(u32::MAX))))
    }

    async fn search(
        &self,
        city: CityCode,
        tokens: &[QueryToken],
        limit: u32,
    ) -> Result<Vec<u32>, StoreError> {
        if tokens.is_empty() {
            return Ok(Vec::new());
        }
        let holds = |words: &BTreeSet<String>, token: &QueryToken| {
            if token.prefix {
                words.range(token.text.clone()..).next().is_some_and(|word| word.starts_with(&token.text))
            } else {
                words.contains(&token.text)
            }
        };
        Ok(self.with(city, |city| {
            let found = city.words.iter().filter(|(_, words)| tokens.iter().all(|token| holds(words, token)));
            let mut serials: Vec<u32> = found.map(|(serial, _)| *serial).collect();
            serials.sort_unstable_by_key(|serial| std::cmp::Reverse(*serial));
            serials.truncate(limit as usize);
            serials
        }))
    }

    async fn search_newest(
        &self,
        city: CityCode,
        tokens: &[QueryToken],
        limit: u32,
    ) -> Result<Option<Vec<u32>>, StoreError> {
        let found = self.search(city, tokens, limit).await?;
        Ok((limit > 0 && found.len() == limit as usize).then_some(found))
    }

    async fn next_number(&self, city: CityCode, date: u32) -> Result<CaseNumber, StoreError> {
        let next = self.change(city, |city| {
            let last = city.numbers.entry(date).or_default();
            *last += 1;
            *last
        });
        Ok(CaseNumber::new(city, date, next))
    }

    async fn next_numbers(
        &self,
        city: CityCode,
        date: u32,
        count: u32,
    ) -> Result<Vec<CaseNumber>, StoreError> {
        let count = count.min(100_000);
        let first = self.change(city, |city| {
            let last = city.numbers.entry(date).or_default();
            *last += count;
            *last - count + 1
        });
        Ok((first..first + count).map(|sequence| CaseNumber::new(city, date, sequence)).collect())
    }

    async fn reporter(&self, city: CityCode, id: CaseId) -> Result<Option<Reporter>, StoreError> {
        Ok(self.with(city, |city| city.reporters.get(&id).cloned()))
    }

    async fn reporters_of(
        &self,
        city: CityCode,
        ids: &[CaseId],
    ) -> Result<Vec<Option<Reporter>>, StoreError> {
        Ok(self.with(city, |city| ids.iter().take(1_000).map(|id| city.reporters.get(id).cloned()).collect()))
    }

    async fn erase_reporter(&self, city: CityCode, id: CaseId) -> Result<(), StoreError> {
        self.change(city, |city| {
            let Some(reporter) = city.reporters.remove(&id) else { return };
            city.outbox.retain(|_, queued| {
                let to = &queued.notice.to;
                queued.case != Some(id) || *to != reporter.phone && *to != reporter.email
            });
        });
        Ok(())
    }

    async fn cases_by_phone(
        &self,
        city: CityCode,
        phone: &str,
        limit: u32,
    ) -> Result<Vec<StoredCase>, StoreError> {
        Ok(self.with(city, |city| {
            let of_phone = |found: &&StoredCase| {
                !phone.is_empty()
                    && city.reporters.get(&found.case.id).is_some_and(|reporter| reporter.phone == phone)
            };
            city.cases.iter().rev().filter(of_phone).take(limit as usize).cloned().collect()
        }))
    }

    async fn similar_photos(
        &self,
        city: CityCode,
        hash: u64,
        distance: u32,
        since: Timestamp,
    ) -> Result<Vec<(CaseId, u32)>, StoreError> {
        Ok(self.with(city, |city| {
            let mut nearest: HashMap<CaseId, u32> = HashMap::new();
            for (id, _, other, at) in &city.photos {
                let apart = (hash ^ other).count_ones();
                if *at >= since && apart <= distance {
                    nearest.entry(*id).and_modify(|least| *least = apart.min(*least)).or_insert(apart);
                }
            }
            let mut nearest: Vec<_> = nearest.into_iter().collect();
            nearest.sort_unstable_by_key(|(id, apart)| (*apart, std::cmp::Reverse(*id)));
            nearest.truncate(50);
            nearest
        }))
    }

    async fn take_due(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<DueMoment>, StoreError> {
        let mut inner = self.inner.lock();
        let mut taken = Vec::new();
        for (city, held) in &mut inner.cities {
            let moments = held
                .moments
                .iter_mut()
                .flat_map(|(case, moments)| moments.iter_mut().map(move |due| (case, due)));
            for (case, ((clock, moment), due)) in moments {
                if !due.done && due.at <= now && due.lease_until <= now {
                    let found = DueMoment {
                        city: *city,
                        case: *case,
                        clock: *clock,
                        moment: moment.clone(),
                        at: due.at,
                    };
                    taken.push((found, due));
                }
            }
        }
        taken.sort_unstable_by_key(|(found, _)| (found.at, found.case));
        taken.truncate(limit as usize);
        Ok(taken
            .into_iter()
            .map(|(found, due)| {
                due.lease_until = Timestamp(now.0.saturating_add(lease_ms));
                found
            })
            .collect())
    }

    async fn done_due(&self, ended: Vec<(DueMoment, Vec<Notice>)>) -> Result<(), StoreError> {
        for (moment, notices) in ended {
            self.change(moment.city, |city| {
                let due = city.moments.get_mut(&moment.case);
                let due = due.and_then(|moments| moments.get_mut(&(moment.clock, moment.moment.clone())));
                if let Some(due) = due.filter(|due| due.at == moment.at && !due.done) {
                    due.done = true;
                    city.queue(Some(moment.case), moment.at, notices);
                }
            });
        }
        Ok(())
    }

    async fn take_notices(
        &self,
        now: Timestamp,
        lease_ms: i64,
        limit: u32,
    ) -> Result<Vec<QueuedNotice>, StoreError> {
        let mut inner = self.inner.lock();
        let mut taken = Vec::new();
        for (city, held) in &mut inner.cities {
            for (id, queued) in &mut held.outbox {
                let ready = !queued.failed && queued.notice.channel != "inbox";
                if ready
                    && queued.again_at <= now
                    && queued.lease_until <= now
                    && taken.len() < limit as usize
                {
                    taken.push(queued_notice(*city, *id, queued));
                    queued.lease_until = Timestamp(now.0.saturating_add(lease_ms));
                    queued.attempts += 1;
                }
            }
        }
        Ok(taken)
    }

    async fn done_notice(&self, city: CityCode, id: i64) -> Result<(), StoreError> {
        self.change(city, |city| city.outbox.remove(&id));
        Ok(())
    }

    async fn done_notices(&self, city: CityCode, ids: &[i64]) -> Result<(), StoreError> {
        self.change(city, |city| ids.iter().for_each(|id| drop(city.outbox.remove(id))));
        Ok(())
    }

    async fn failed_notice(
        &self,
        city: CityCode,
        id: i64,
        _error: &str,
        again_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.change(city, |city| {
            if let Some(queued) = city.outbox.get_mut(&id) {
                queued.lease_until = Timestamp::default();
                queued.again_at = again_at.unwrap_or_default();
                queued.failed = again_at.is_none();
            }
        });
        Ok(())
    }

    async fn queue_notices(
        &self,
        city: CityCode,
        at: Timestamp,
        notices: Vec<Notice>,
    ) -> Result<(), StoreError> {
        self.change(city, |city| city.queue(None, at, notices));
        Ok(())
    }

    async fn inbox(
        &self,
        city: CityCode,
        person: PersonId,
        limit: u32,
    ) -> Result<Vec<QueuedNotice>, StoreError> {
        let to = person.to_string();
        Ok(self.with(city, |held| {
            let mine = held
                .outbox
                .iter()
                .rev()
                .filter(|(_, one)| one.notice.channel == "inbox" && one.notice.to == to);
            mine.take(limit as usize).map(|(id, queued)| queued_notice(city, *id, queued)).collect()
        }))
    }

    async fn cities(&self) -> Result<Vec<CityCode>, StoreError> {
        let inner = self.inner.lock();
        let used = |city: &City| !city.cases.is_empty() || city.records_version > 0;
        Ok(inner.cities.iter().filter(|(_, city)| used(city)).map(|(code, _)| *code).collect())
    }

    async fn records(&self, city: CityCode, kind: &str) -> Result<Vec<StoredRecord>, StoreError> {
        Ok(self.with(city, |city| {
            let of_kind = city.records.iter().filter(|((found, _), _)| found == kind);
            let newest = of_kind.filter_map(|(_, history)| history.last());
            newest.filter(|record| record.value.is_some()).cloned().collect()
        }))
    }

    async fn record_history(
        &self,
        city: CityCode,
        kind: &str,
        key: &str,
    ) -> Result<Vec<StoredRecord>, StoreError> {
        let key = (kind.to_owned(), key.to_owned());
        Ok(self.with(city, |city| city.records.get(&key).cloned().unwrap_or_default()))
    }

    async fn put_records(
        &self,
        city: CityCode,
        by: Option<PersonId>,
        at: Timestamp,
        puts: Vec<PutRecord>,
    ) -> Result<Vec<u32>, StoreError> {
        if puts.is_empty() {
            return Ok(Vec::new());
        }
        self.change(city, |city| {
            let mut records = city.records.clone();
            let mut versions = Vec::with_capacity(puts.len());
            for PutRecord { kind, key, expected_version, value } in puts {
                let history = records.entry((kind.clone(), key.clone())).or_default();
                let newest = history.last();
                let live = newest.filter(|record| record.value.is_some()).map_or(0, |record| record.version);
                if live != expected_version || newest.is_none() && value.is_none() {
                    return Err(StoreError::StaleRecord { kind, key });
                }
                let version = newest.map_or(0, |record| record.version) + 1;
                history.push(StoredRecord { kind, key, version, changed_at: at, changed_by: by, value });
                versions.push(version);
            }
            city.records = records;
            city.records_version += 1;
            Ok(versions)
        })
    }

    async fn records_version(&self, city: CityCode) -> Result<i64, StoreError> {
        Ok(self.with(city, |city| city.records_version))
    }

    async fn credential(&self, city: CityCode, person: PersonId) -> Result<Option<Credential>, StoreError> {
        Ok(self.with(city, |city| city.credentials.get(&person).cloned()))
    }

    async fn put_credential(
        &self,
        city: CityCode,
        person: PersonId,
        credential: &Credential,
    ) -> Result<(), StoreError> {
        self.change(city, |city| city.credentials.insert(person, credential.clone()));
        Ok(())
    }

    async fn put_session(&self, session: &Session) -> Result<(), StoreError> {
        self.inner.lock().sessions.insert(session.hash.clone(), session.clone());
        Ok(())
    }

    async fn session(&self, hash: &str) -> Result<Option<Session>, StoreError> {
        Ok(self.inner.lock().sessions.get(hash).cloned())
    }

    async fn sessions_of(&self, city: CityCode, person: PersonId) -> Result<Vec<Session>, StoreError> {
        let inner = self.inner.lock();
        let of_person = |session: &&Session| session.city == city && session.person == person;
        let mut sessions: Vec<Session> = inner.sessions.values().filter(of_person).cloned().collect();
        sessions.sort_unstable_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| a.hash.cmp(&b.hash)));
        sessions.truncate(200);
        Ok(sessions)
    }

    async fn end_session(&self, hash: &str) -> Result<(), StoreError> {
        self.inner.lock().sessions.remove(hash);
        Ok(())
    }

    async fn touch_session(&self, hash: &str, at: Timestamp) -> Result<(), StoreError> {
        if let Some(session) = self.inner.lock().sessions.get_mut(hash)
            && (at - session.last_seen_at).0 >= SEEN_WITHIN_MS
        {
            session.last_seen_at = at;
        }
        Ok(())
    }

    async fn audit(&self, city: CityCode, entry: AuditEntry) -> Result<(), StoreError> {
        self.change(city, |city| {
            city.last_audit += 1;
            city.audit.push(StoredAudit { id: city.last_audit, entry });
        });
        Ok(())
    }

    async fn audit_log(
        &self,
        city: CityCode,
        before: Option<i64>,
        action: Option<&str>,
        person: Option<PersonId>,
        limit: u32,
    ) -> Result<Vec<StoredAudit>, StoreError> {
        let wanted = |line: &&StoredAudit| {
            before.is_none_or(|before| line.id < before)
                && action.is_none_or(|action| line.entry.action == action)
                && person.is_none_or(|person| line.entry.person == Some(person))
        };
        Ok(self.with(city, |city| {
            city.audit.iter().rev().filter(wanted).take(limit as usize).cloned().collect()
        }))
    }

    async fn put_attachment(&self, city: CityCode, attachment: &StoredAttachment) -> Result<(), StoreError> {
        self.change(city, |city| {
            city.attachments.entry(attachment.id.clone()).or_insert_with(|| attachment.clone());
        });
        Ok(())
    }

    async fn attachment(&self, city: CityCode, id: &str) -> Result<Option<StoredAttachment>, StoreError> {
        Ok(self.with(city, |city| city.attachments.get(id).cloned()))
    }

    async fn forget(&self, before: &Forget, limit: u32) -> Result<Forgotten, StoreError> {
        let mut inner = self.inner.lock();
        let mut gone = Forgotten::default();
        let of_commands =
            |city: &City| city.commands.iter().map(|(id, (.., at))| (*at, *id)).collect::<Vec<_>>();
        for (code, id) in oldest(&inner.cities, of_commands, before.commands, limit) {
            gone.commands += 1;
            inner.cities.entry(code).or_default().commands.remove(&id);
        }
        let of_writes =
            |city: &City| city.registry.commands.iter().map(|(id, (at, _))| (*at, *id)).collect::<Vec<_>>();
        let mut writes = 0;
        for (code, id) in oldest(&inner.cities, of_writes, before.commands, limit) {
            writes += 1;
            inner.cities.entry(code).or_default().registry.commands.remove(&id);
        }
        gone.commands = gone.commands.max(writes);
        let of_audit =
            |city: &City| city.audit.iter().map(|line| (line.entry.at, line.id)).collect::<Vec<_>>();
        for (code, id) in oldest(&inner.cities, of_audit, before.audit, limit) {
            gone.audit += 1;
            inner.cities.entry(code).or_default().audit.retain(|line| line.id != id);
        }
        let of_messages = |city: &City| {
            let over = city.outbox.iter().filter(|(_, one)| one.failed || one.notice.channel == "inbox");
            over.map(|(id, one)| (one.queued_at, *id)).collect::<Vec<_>>()
        };
        for (code, id) in oldest(&inner.cities, of_messages, before.messages, limit) {
            gone.messages += 1;
            inner.cities.entry(code).or_default().outbox.remove(&id);
        }
        let mut ended: Vec<_> =
            inner.sessions.values().map(|one| (one.expires_at, one.hash.clone())).collect();
        ended.retain(|(at, _)| *at < before.sessions);
        ended.sort();
        ended.truncate(limit as usize);
        for (_, hash) in ended {
            gone.sessions += 1;
            inner.sessions.remove(&hash);
        }
        Ok(gone)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The oldest things of all cities before a moment.
fn oldest<T: Ord>(
    cities: &BTreeMap<CityCode, City>,
    of: impl Fn(&City) -> Vec<(Timestamp, T)>,
    before: Timestamp,
    limit: u32,
) -> Vec<(CityCode, T)> {
    let mut all: Vec<_> = cities
        .iter()
        .flat_map(|(code, city)| of(city).into_iter().map(|(at, one)| (at, *code, one)))
        .collect();
    all.retain(|(at, ..)| *at < before);
    all.sort();
    all.truncate(limit as usize);
    all.into_iter().map(|(_, code, one)| (code, one)).collect()
}

fn queued_notice(city: CityCode, id: i64, queued: &Queued) -> QueuedNotice {
    QueuedNotice {
        city,
        id,
        case: queued.case,
        notice: queued.notice.clone(),
        queued_at: queued.queued_at,
        attempts: queued.attempts,
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryStore;
    use crate::store_conformance;
    use std::sync::Arc;

    #[tokio::test]
    async fn it_keeps_the_promises_of_a_store() {
        store_conformance::run(Arc::new(MemoryStore::default())).await;
    }
}
