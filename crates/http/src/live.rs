//! The live stream: every open screen learns which case changed, and only of cases it may see.
//!
//! A change is written as text once, whoever listens; each listener only checks its rights. A screen
//! that comes back says where it was (`Last-Event-ID`) and gets what it missed, or is told to read anew.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Query;
use app::App;
use app::ground::ThingChange;
use app::list_cases::QueueView;
use app::live::Change;
use app::rights::Sees;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use kernel::{Actor, CityCode};
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::{
    self,
    error::{RecvError, TryRecvError},
};
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Changes kept for screens that come back: at 100 a second about 40 s, usually hours.
const KEPT: usize = 4_096;
/// Texts waiting for one slow screen; when full, the screen is told to read its lists anew.
const LISTENER_QUEUE: usize = 64;
/// Also how soon a listener whose session has ended is let go.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Changes come in bursts: counts wait this long for the rest of one, and for as long after each other.
const COUNT_AFTER: Duration = Duration::from_secs(1);
/// Lights change without anybody doing anything: counts are looked at again after so many heartbeats.
const COUNT_EVERY: u32 = 4;
/// Counting takes at most one part in so many of a core, however many screens listen.
const COUNT_SHARE: u32 = 4;
/// Changes of things are told together, at most this often: screens read the tiles in the box again each time.
const THINGS_AFTER: Duration = Duration::from_millis(100);
/// Texts about things waiting for one listener: a few seconds.
const THINGS_KEPT: usize = 64;
/// Open screens of one person: several windows on several machines.
const LISTENERS_PER_PERSON: usize = 32;

/// A change with the text every listener gets.
struct Told {
    change: Arc<Change>,
    text: Bytes,
}

struct Past {
    kept: Mutex<VecDeque<Arc<Told>>>,
    fresh: broadcast::Sender<Arc<Told>>,
    things: broadcast::Sender<Arc<ThingsTold>>,
}

type Fresh = broadcast::Receiver<Arc<Told>>;

/// Where things of some registers changed within [`THINGS_AFTER`].
struct ThingsTold {
    city: CityCode,
    registers: BTreeSet<String>,
    around: [f64; 4],
    version: u64,
}

impl ThingsTold {
    /// The whole earth, all registers: changes were missed.
    fn everything(app: &App, city: CityCode) -> Option<Self> {
        let city = app.city(city).ok()?;
        let map = city.ground.read();
        let registers =
            map.things.classes().iter().map(|(class, ..)| map.register_of(class).to_owned()).collect();
        let version = map.things.version();
        Some(Self { city: city.code, registers, around: [-180.0, -90.0, 180.0, 90.0], version })
    }

    fn add(told: &mut BTreeMap<CityCode, Self>, change: &ThingChange) {
        let Some(bounds) = change.bounds else { return };
        let around = [bounds.west, bounds.south, bounds.east, bounds.north];
        let one = told.entry(change.city).or_insert_with(|| Self {
            city: change.city,
            registers: BTreeSet::new(),
            around,
            version: change.version,
        });
        one.registers.extend(change.registers.iter().cloned());
        let [west, south, east, north] = one.around;
        let [w, s, e, n] = around;
        one.around = [west.min(w), south.min(s), east.max(e), north.max(n)];
        one.version = one.version.max(change.version);
    }

    /// As somebody hears it who sees the registers that `sees` says; `None` when that is none of them.
    fn text(&self, sees: impl Fn(&str) -> bool) -> Option<Bytes> {
        let registers: Vec<&String> = self.registers.iter().filter(|register| sees(register)).collect();
        let data = json!({ "registers": registers, "box": self.around, "version": self.version });
        (!registers.is_empty()).then(|| event("things", &data))
    }
}

/// Joins changes of things and tells them; ends when nobody listens any more.
async fn tell_things(app: App, past: std::sync::Weak<Past>) {
    let mut changes = app.live().listen_things();
    loop {
        let mut told = BTreeMap::new();
        let mut missed = false;
        let mut next = changes.recv().await;
        loop {
            match next {
                Ok(change) => ThingsTold::add(&mut told, &change),
                Err(RecvError::Lagged(_)) => missed = true,
                Err(RecvError::Closed) => return,
            }
            next = match changes.try_recv() {
                Ok(change) => Ok(change),
                Err(TryRecvError::Lagged(count)) => Err(RecvError::Lagged(count)),
                Err(TryRecvError::Closed) => return,
                Err(TryRecvError::Empty) => break,
            };
        }
        if missed {
            told.extend(
                app.cities().into_iter().filter_map(|city| Some((city, ThingsTold::everything(&app, city)?))),
            );
        }
        let Some(past) = past.upgrade() else { return };
        for one in told.into_values() {
            let _ = past.things.send(Arc::new(one));
        }
        drop(past);
        tokio::time::sleep(THINGS_AFTER).await;
    }
}

/// Turns changes into texts once, and remembers the latest.
pub struct Hub {
    app: App,
    past: OnceLock<Arc<Past>>,
    listeners_max: usize,
    listeners: Arc<Mutex<HashMap<(u32, u32), usize>>>,
    counts: Arc<Counts>,
}

/// Queues as they were at a moment, with the event that tells them.
type Counted = (Instant, Vec<QueueView>, Bytes);

/// What the queues of a person hold, counted once for all screens of that person, one person after the other.
#[derive(Default)]
struct Counts {
    turn: tokio::sync::Mutex<()>,
    latest: Mutex<HashMap<(u32, u32), Counted>>,
}

impl Counts {
    /// The queues as they are after `since`, with the event that tells them; `None` without any queue.
    async fn after(&self, app: &App, actor: Actor, since: Instant) -> Option<(Vec<QueueView>, Bytes)> {
        let who = who(&actor);
        let _turn = self.turn.lock().await;
        if let Some((at, queues, text)) = self.latest.lock().get(&who)
            && *at >= since
        {
            return Some((queues.clone(), text.clone()));
        }
        let begun = Instant::now();
        let app = app.clone();
        let view = tokio::task::spawn_blocking(move || app.count_queues(&actor)).await.ok()?.ok()?;
        // Still holding the turn: this is what keeps all of it to its share.
        tokio::time::sleep(begun.elapsed() * (COUNT_SHARE - 1)).await;
        if view.queues.is_empty() {
            return None;
        }
        let text = event("count", &serde_json::to_value(&view).ok()?);
        let mut latest = self.latest.lock();
        latest.retain(|_, (at, _, _)| at.elapsed() < HEARTBEAT);
        latest.insert(who, (begun, view.queues.clone(), text.clone()));
        Some((view.queues, text))
    }
}

fn who(actor: &Actor) -> (u32, u32) {
    (actor.city.get(), actor.person_id().map_or(0, |person| person.0))
}

/// Tells one screen the counts of its queues when they have changed; ends with the listener.
struct Teller {
    /// Something has changed.
    changed: Arc<Notify>,
    actor: Arc<Mutex<Actor>>,
    task: AbortHandle,
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Teller {
    fn start(app: App, counts: Arc<Counts>, actor: Actor, out: mpsc::Sender<Bytes>) -> Self {
        let changed = Arc::new(Notify::new());
        let actor = Arc::new(Mutex::new(actor));
        let (wake, who) = (changed.clone(), actor.clone());
        let task = tokio::spawn(async move {
            let mut told = Vec::new();
            loop {
                wake.notified().await;
                tokio::time::sleep(COUNT_AFTER).await;
                let actor = who.lock().clone();
                let Some((queues, text)) = counts.after(&app, actor, Instant::now()).await else { continue };
                if queues == told {
                    continue;
                }
                told = queues;
                if out.send(text).await.is_err() {
                    return;
                }
            }
        });
        Self { changed, actor, task: task.abort_handle() }
    }
}

/// Gives the place of a listener back.
struct Place {
    listeners: Arc<Mutex<HashMap<(u32, u32), usize>>>,
    who: (u32, u32),
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut listeners = self.listeners.lock();
        if let Some(count) = listeners.get_mut(&self.who) {
            *count -= 1;
            if *count == 0 {
                listeners.remove(&self.who);
            }
        }
    }
}

impl Hub {
    #[must_use]
    pub fn new(app: App, listeners_max: usize) -> Self {
        Self { app, past: OnceLock::new(), listeners_max, listeners: Arc::default(), counts: Arc::default() }
    }

    /// Listens to the application from the first listener on; ends when the application does.
    fn past(&self) -> &Arc<Past> {
        self.past.get_or_init(|| {
            let past = Arc::new(Past::new(KEPT));
            tokio::spawn(tell_things(self.app.clone(), Arc::downgrade(&past)));
            let mut changes = self.app.live().listen();
            let told = Arc::downgrade(&past);
            tokio::spawn(async move {
                loop {
                    match changes.recv().await {
                        Ok(change) => {
                            let Some(past) = told.upgrade() else { return };
                            past.tell(change);
                        }
                        Err(RecvError::Lagged(missed)) => {
                            metrics::counter!("yiwang_http_live_lost_total").increment(missed);
                            let Some(past) = told.upgrade() else { return };
                            past.kept.lock().clear();
                        }
                        Err(RecvError::Closed) => return,
                    }
                }
            });
            past
        })
    }

    fn place(&self, who: (u32, u32)) -> Result<Place, HttpError> {
        let full = || HttpError::new(StatusCode::TOO_MANY_REQUESTS, "too_many_listeners");
        let mut listeners = self.listeners.lock();
        if listeners.values().sum::<usize>() >= self.listeners_max {
            return Err(full());
        }
        let own = listeners.entry(who).or_insert(0);
        if *own >= LISTENERS_PER_PERSON {
            return Err(full());
        }
        *own += 1;
        metrics::gauge!("yiwang_http_live_listeners").set(listeners.values().sum::<usize>() as f64);
        Ok(Place { listeners: self.listeners.clone(), who })
    }
}

impl Past {
    fn new(fresh: usize) -> Self {
        let (fresh, things) = (broadcast::channel(fresh).0, broadcast::channel(THINGS_KEPT).0);
        Self { kept: Mutex::default(), fresh, things }
    }

    fn tell(&self, change: Arc<Change>) {
        let told = Arc::new(Told { text: text_of(&change), change });
        let mut kept = self.kept.lock();
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back(told.clone());
        // Sent under the lock, so that a listener who copies the past misses nothing in between.
        let _ = self.fresh.send(told);
    }

    /// What was told of `city` after `position`, and everything from now on. `None` when that is too long ago.
    fn since(&self, city: kernel::CityCode, position: Option<i64>) -> (Option<Vec<Arc<Told>>>, Fresh) {
        let kept = self.kept.lock();
        let fresh = self.fresh.subscribe();
        let Some(position) = position else { return (Some(Vec::new()), fresh) };
        // Commits may be told in another order than they were numbered: go on after the one last seen.
        let last = kept.iter().rposition(|told| told.change.city == city && told.change.position == position);
        let missed = last
            .map(|last| kept.range(last + 1..).filter(|told| told.change.city == city).cloned().collect());
        (missed, fresh)
    }
}

fn text_of(change: &Change) -> Bytes {
    let data = json!({
        "id": change.id.to_string(),
        "version": change.version,
        "stage": change.stage,
        "facts": change.facts,
        "at": change.at,
        "position": change.position,
    });
    Bytes::from(format!("id: {}\nevent: case\ndata: {data}\n\n", change.position))
}

fn event(name: &str, data: &serde_json::Value) -> Bytes {
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Listen {
    /// Only changes of this case.
    #[param(format = Uuid)]
    id: Option<uuid::Uuid>,
}

pub fn routes() -> OpenApiRouter<Door> {
    OpenApiRouter::new().routes(routes!(live))
}

/// Changes of cases as they happen (server-sent events).
///
/// `hello` comes first with `{now_at}`; `case` says `{id, version, stage, facts, at, position}`; `reset` means
/// that changes were missed and lists should be read again; `ping` comes every 15 s. `count` has the caller's
/// queues as `GET /api/workbench` answers them, a second or more after a change when a number has changed.
/// `things` says `{registers, box, version}`: things of these registers changed inside the box (west, south, east,
/// north), so tiles in it should be read again; at most about ten a second. Neither comes on a stream of one case. Send `Last-Event-ID` to get what was missed.
#[utoipa::path(get, path = "/api/live", tag = "live",
    params(Listen, ("last-event-id" = Option<i64>, Header, description = "Position of the last event seen", minimum = 0)),
    responses((status = 200, description = "A stream that does not end", content_type = "text/event-stream", body = String)))]
async fn live(
    State(door): State<Door>,
    caller: Caller,
    headers: HeaderMap,
    Query(query): Query<Listen>,
) -> Result<Response, HttpError> {
    let sees = rights(&door.app, &caller, query.id)?;
    let place = door.hub.place(who(&caller.actor))?;
    let position = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let things = query.id.is_none().then(|| door.hub.past().things.subscribe());
    let (missed, fresh) = door.hub.past().since(caller.actor.city, position);
    let (out, body) = mpsc::channel(LISTENER_QUEUE);
    let counts = door.hub.counts.clone();
    let teller = query
        .id
        .is_none()
        .then(|| Teller::start(door.app.clone(), counts, caller.actor.clone(), out.clone()));
    let listener = Listener {
        app: door.app.clone(),
        caller,
        one: query.id,
        sees,
        fresh,
        things,
        out,
        teller,
        _place: place,
    };
    tokio::spawn(listener.serve(missed));
    let stream = tokio_stream::wrappers::ReceiverStream::new(body);
    let mut response =
        Response::new(Body::from_stream(futures::StreamExt::map(stream, Ok::<_, std::convert::Infallible>)));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    out.insert("x-accel-buffering", HeaderValue::from_static("no"));
    Ok(response)
}

fn rights(app: &App, caller: &Caller, one: Option<uuid::Uuid>) -> Result<Sees, HttpError> {
    let sees = app.sees(&caller.actor)?;
    Ok(match one {
        Some(id) => sees.only_case(kernel::CaseId(id)),
        None => sees,
    })
}

struct Listener {
    app: App,
    caller: Caller,
    one: Option<uuid::Uuid>,
    sees: Sees,
    fresh: Fresh,
    /// Not for a stream of one case.
    things: Option<broadcast::Receiver<Arc<ThingsTold>>>,
    out: mpsc::Sender<Bytes>,
    /// Not for a stream of one case.
    teller: Option<Teller>,
    _place: Place,
}

/// The screen went away, or may not listen any more.
struct Gone;

/// What is told next about things; never for a stream that hears nothing of them.
async fn next_things(
    things: &mut Option<broadcast::Receiver<Arc<ThingsTold>>>,
) -> Result<Arc<ThingsTold>, RecvError> {
    match things {
        Some(things) => things.recv().await,
        None => std::future::pending().await,
    }
}

impl Listener {
    async fn serve(mut self, missed: Option<Vec<Arc<Told>>>) {
        let _ = self.talk(missed).await;
    }

    async fn talk(&mut self, missed: Option<Vec<Arc<Told>>>) -> Result<(), Gone> {
        self.say(event("hello", &json!({ "now_at": self.app.now().millis() }))).await?;
        match missed {
            Some(missed) => {
                for told in missed {
                    self.tell(&told).await?;
                }
            }
            None => self.say(event("reset", &json!({}))).await?,
        }
        let mut heartbeat = tokio::time::interval(HEARTBEAT);
        heartbeat.tick().await;
        let mut beats = 0_u32;
        loop {
            tokio::select! {
                told = self.fresh.recv() => match told {
                    Ok(told) => self.tell(&told).await?,
                    Err(RecvError::Lagged(_)) => self.say(event("reset", &json!({}))).await?,
                    Err(RecvError::Closed) => return Err(Gone),
                },
                told = next_things(&mut self.things) => self.tell_things(told).await?,
                _ = heartbeat.tick() => {
                    self.look_again().await?;
                    beats = beats.wrapping_add(1);
                    if beats.is_multiple_of(COUNT_EVERY) {
                        self.recount();
                    }
                }
                () = self.out.closed() => return Err(Gone),
            }
        }
    }

    /// Counts may have changed: also by a case that left this listener's sight.
    fn recount(&self) {
        if let Some(teller) = &self.teller {
            teller.changed.notify_one();
        }
    }

    async fn tell(&self, told: &Told) -> Result<(), Gone> {
        if told.change.city == self.caller.actor.city {
            self.recount();
        }
        if self.sees.change(&told.change) { self.say(told.text.clone()).await } else { Ok(()) }
    }

    async fn tell_things(&mut self, told: Result<Arc<ThingsTold>, RecvError>) -> Result<(), Gone> {
        let told = match told {
            Ok(told) => told,
            // A slow screen reads all of its tiles again.
            Err(_) => match ThingsTold::everything(&self.app, self.caller.actor.city) {
                Some(told) => Arc::new(told),
                None => return Ok(()),
            },
        };
        if told.city != self.caller.actor.city {
            return Ok(());
        }
        let config = self.app.config(told.city).map_err(|_| Gone)?;
        let sees = |register: &str| app::rights::sees_register(&self.caller.actor, &config, register);
        match told.text(sees) {
            Some(text) => self.say(text).await,
            None => Ok(()),
        }
    }

    /// Rights may have changed, the session may have ended.
    async fn look_again(&mut self) -> Result<(), Gone> {
        self.caller.actor = self.app.actor_for(&self.caller.secret).await.map_err(|_| Gone)?;
        self.sees = rights(&self.app, &self.caller, self.one).map_err(|_| Gone)?;
        if let Some(teller) = &self.teller {
            *teller.actor.lock() = self.caller.actor.clone();
        }
        self.say(event("ping", &json!({ "now_at": self.app.now().millis() }))).await
    }

    async fn say(&self, text: Bytes) -> Result<(), Gone> {
        self.out.send(text).await.map_err(|_| Gone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::{CaseId, CityCode};

    fn change(city: u32, position: i64) -> Arc<Change> {
        Arc::new(Change {
            city: CityCode::new(city).unwrap(),
            position,
            serial: 0,
            id: CaseId(uuid::Uuid::nil()),
            version: 1,
            stage: "reported",
            facts: vec!["reported"],
            at: 5,
        })
    }

    fn past() -> Past {
        Past::new(8)
    }

    #[test]
    fn who_comes_back_gets_exactly_what_was_missed() {
        let past = past();
        let city = CityCode::new(990_100).unwrap();
        for position in 1..=5 {
            past.tell(change(990_100, position));
            past.tell(change(370_700, position));
        }
        let positions = |since| {
            past.since(city, since)
                .0
                .map(|missed| missed.iter().map(|t| t.change.position).collect::<Vec<_>>())
        };
        assert_eq!(positions(Some(3)), Some(vec![4, 5]));
        assert_eq!(positions(Some(5)), Some(vec![]));
        assert_eq!(positions(None), Some(vec![]));
        assert_eq!(positions(Some(0)), None, "what was before the first kept change is unknown");
    }

    #[test]
    fn the_past_is_bounded() {
        let past = past();
        for position in 0..(KEPT as i64 + 100) {
            past.tell(change(990_100, position));
        }
        assert_eq!(past.kept.lock().len(), KEPT);
        assert!(past.since(CityCode::new(990_100).unwrap(), Some(5)).0.is_none());
    }

    #[test]
    fn changes_of_things_are_told_as_one_box_and_only_of_registers_the_listener_sees() {
        let city = CityCode::new(990_100).unwrap();
        let bounds = |west: f64| city::grid::Bounds { west, south: 1.0, east: west + 1.0, north: 2.0 };
        let change = |register: &str, version, bounds| ThingChange {
            city,
            version,
            serials: None,
            registers: BTreeSet::from([register.to_owned()]),
            bounds,
        };
        let mut told = BTreeMap::new();
        ThingsTold::add(&mut told, &change("component", 7, Some(bounds(10.0))));
        ThingsTold::add(&mut told, &change("shop", 8, Some(bounds(20.0))));
        ThingsTold::add(&mut told, &change("toilet", 9, None));
        let one = &told[&city];
        let text =
            |sees: &dyn Fn(&str) -> bool| one.text(sees).map(|t| String::from_utf8(t.to_vec()).unwrap());
        let heard = text(&|register| register != "shop").unwrap();
        assert!(heard.starts_with("event: things\ndata: {"), "{heard}");
        assert!(
            heard.contains(r#""registers":["component"]"#) && heard.contains("[10.0,1.0,21.0,2.0]"),
            "{heard}"
        );
        assert!(heard.contains(r#""version":8"#), "what is on no map is not told: {heard}");
        assert_eq!(text(&|_| false), None);
    }

    #[test]
    fn an_event_is_one_text_with_its_position() {
        let text = text_of(&change(990_100, 7));
        let text = std::str::from_utf8(&text).unwrap();
        assert!(text.starts_with("id: 7\nevent: case\ndata: {"));
        assert!(text.ends_with("}\n\n") && text.matches('\n').count() == 4);
    }
}
