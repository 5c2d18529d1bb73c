//! The live stream: every open screen learns which case changed, and only of cases it may see.
//!
//! A change is written as text once, whoever listens; each listener only checks its rights. A screen
//! that comes back says where it was (`Last-Event-ID`) and gets what it missed, or is told to read anew.

use crate::caller::Caller;
use crate::door::Door;
use crate::error::HttpError;
use crate::extract::Query;
use app::App;
use app::list_cases::QueueView;
use app::live::Change;
use app::rights::Sees;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use kernel::Actor;
use parking_lot::Mutex;
use serde::Deserialize;
use serde_json::json;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio::sync::broadcast::{self, error::RecvError};
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
}

type Fresh = broadcast::Receiver<Arc<Told>>;

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
            let past = Arc::new(Past { kept: Mutex::default(), fresh: broadcast::channel(KEPT).0 });
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
/// queues as `GET /api/workbench` answers them, a second or more after a change when a number has changed; not
/// for a stream of one case. Send `Last-Event-ID` to get what was missed.
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
    let (missed, fresh) = door.hub.past().since(caller.actor.city, position);
    let (out, body) = mpsc::channel(LISTENER_QUEUE);
    let counts = door.hub.counts.clone();
    let teller = query
        .id
        .is_none()
        .then(|| Teller::start(door.app.clone(), counts, caller.actor.clone(), out.clone()));
    let listener =
        Listener { app: door.app.clone(), caller, one: query.id, sees, fresh, out, teller, _place: place };
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
    out: mpsc::Sender<Bytes>,
    /// Not for a stream of one case.
    teller: Option<Teller>,
    _place: Place,
}

/// The screen went away, or may not listen any more.
struct Gone;

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
        Past { kept: Mutex::default(), fresh: broadcast::channel(8).0 }
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
    fn an_event_is_one_text_with_its_position() {
        let text = text_of(&change(990_100, 7));
        let text = std::str::from_utf8(&text).unwrap();
        assert!(text.starts_with("id: 7\nevent: case\ndata: {"));
        assert!(text.ends_with("}\n\n") && text.matches('\n').count() == 4);
    }
}
