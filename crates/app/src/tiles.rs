//! Vector tiles of what is live: components and registers, cases, unit grids, duty grids. Drawn for whoever asks,
//! with that person's rights; what has not changed is neither drawn nor sent again.
//!
//! A tile's tag is a mark of the process, of the question and of the rights it was drawn with, the version of what
//! lies on it, and the second until which it holds when nothing happens (lights change by themselves). So a reader's
//! tag is judged without drawing and without remembering it.

mod cache;
mod cases;
pub mod filter;
mod grids;
pub mod layer;
mod things;

use crate::app::App;
use crate::error::AppError;
use crate::rights::visibility;
use bytes::Bytes;
use cache::Cache;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use kernel::{Actor, Timestamp};
use layer::Layer;
use sha2::{Digest, Sha256};
use spatial::mercator::TileId;
use std::io::{Read, Write};
use std::sync::Arc;
use tokio::sync::Semaphore;

pub use cases::CaseFilter;
pub use filter::{LayerFilter, ThingFilter};

/// Tiles drawn at once: two for each core keep the cores busy while one waits for its lock.
const DRAWN_AT_ONCE: usize = 4;
/// Smaller answers are not worth squeezing.
const SQUEEZE_FROM: usize = 1_024;

/// What this process keeps for drawing.
pub(crate) struct Tiles {
    /// Differs in every process: versions count anew in each.
    mark: u64,
    cache: Cache,
    editions: grids::Editions,
    turns: Semaphore,
}

impl Default for Tiles {
    fn default() -> Self {
        Self {
            mark: rand::random(),
            cache: Cache::default(),
            editions: grids::Editions::default(),
            turns: Semaphore::new(DRAWN_AT_ONCE),
        }
    }
}

/// What a tile was drawn from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Tag {
    /// Question, rights and process.
    key: String,
    version: u64,
    /// In whole seconds; 0 when only a change ends it.
    until: u32,
}

impl Tag {
    fn text(&self) -> String {
        format!("{}-{:x}-{:x}", self.key, self.version, self.until)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let (key, version, until) = (parts.next()?, parts.next()?, parts.next()?);
        Some(Self {
            key: key.to_owned(),
            version: u64::from_str_radix(version, 16).ok()?,
            until: u32::from_str_radix(until, 16).ok()?,
        })
    }

    fn holds(&self, key: &str, version: u64, now: u32) -> bool {
        self.key == key && self.version == version && (self.until == 0 || now < self.until)
    }
}

/// A tile as it is kept: squeezed as soon as somebody wanted it so, since nearly everybody does.
pub(crate) struct Drawn {
    tag: Tag,
    body: Bytes,
    squeezed: bool,
}

impl Drawn {
    /// True when it can be sent to `wish` as it is.
    fn suits(&self, gzip: bool) -> bool {
        self.squeezed == gzip || (gzip && self.body.len() < SQUEEZE_FROM)
    }

    fn squeeze(self: Arc<Self>) -> Arc<Self> {
        Arc::new(Self { tag: self.tag.clone(), body: squeeze(&self.body), squeezed: true })
    }

    fn unpack(self: Arc<Self>) -> Arc<Self> {
        let mut body = Vec::with_capacity(self.body.len() * 4);
        // What was packed in memory is unpacked there.
        let _ = GzDecoder::new(&*self.body).read_to_end(&mut body);
        Arc::new(Self { tag: self.tag.clone(), body: body.into(), squeezed: false })
    }
}

fn squeeze(body: &[u8]) -> Bytes {
    let mut to = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    // Writing into memory cannot fail.
    let _ = to.write_all(body);
    to.finish().map(Bytes::from).unwrap_or_default()
}

/// The answer to somebody who asked for a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TileAnswer {
    /// The caller has it.
    Unchanged { tag: String },
    /// `squeezed` says that the body is gzip.
    Tile { tag: String, body: Bytes, squeezed: bool },
}

/// How somebody wants a tile.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wish<'a> {
    /// Tags of what the caller has.
    pub known: &'a [&'a str],
    pub gzip: bool,
}

/// A question made ready: what is drawn, for what rights.
enum Pen {
    Things(things::ThingPen),
    Cases(Box<cases::CasePen>),
    Grids(grids::GridPen),
}

/// A tile freshly drawn, with what it was drawn from.
struct Sheet {
    body: Vec<u8>,
    version: u64,
    until: u32,
}

impl App {
    /// A tile of a layer as `actor` may see it.
    ///
    /// # Errors
    /// [`AppError::NotFound`] for a layer that is not there or hidden from this actor, [`AppError::Invalid`] naming
    /// every filter that cannot be understood.
    pub async fn tile(
        &self,
        actor: &Actor,
        layer: &str,
        tile: TileId,
        filter: &LayerFilter,
        wish: Wish<'_>,
    ) -> Result<TileAnswer, AppError> {
        let (pen, asked) = self.pen(actor, layer, filter).await?;
        let tiles = &self.0.tiles;
        let key = key_of(tiles.mark, actor, layer, tile, &asked);
        let now = second(self.now());
        let version = self.version_of(actor, &pen, tile)?;
        for tag in wish.known.iter().filter_map(|text| Tag::parse(text)) {
            if tag.holds(&key, version, now) {
                return Ok(TileAnswer::Unchanged { tag: tag.text() });
            }
        }
        let kept = tiles.cache.get(&key).filter(|drawn| drawn.tag.holds(&key, version, now));
        let drawn = match kept {
            // Squeezing a tile that was drawn for somebody else takes as long as drawing one.
            Some(drawn) if drawn.suits(wish.gzip) => drawn,
            kept => self.draw(actor, pen, tile, key, kept, wish.gzip).await?,
        };
        Ok(TileAnswer::Tile { tag: drawn.tag.text(), squeezed: drawn.squeezed, body: drawn.body.clone() })
    }

    async fn pen(&self, actor: &Actor, layer: &str, filter: &LayerFilter) -> Result<(Pen, String), AppError> {
        let config = self.config(actor.city)?;
        let found = layer::find(actor, &config, layer).ok_or(AppError::NotFound("layer"))?;
        Ok(match (found, filter) {
            (Layer::Register(register), LayerFilter::Things(filter)) => {
                let reach = layer::reach(actor, &config, &register);
                let (pen, asked) = things::ThingPen::new(register, reach, filter)?;
                (Pen::Things(pen), asked)
            }
            (Layer::Cases, LayerFilter::Cases(filter)) => {
                let pen = self.case_pen(actor, &config, filter)?;
                let asked = pen.asked();
                (Pen::Cases(Box::new(pen)), asked)
            }
            (Layer::Grids, LayerFilter::Grids { edition }) => {
                let pen = self.grid_pen(actor, &config, *edition, false).await?;
                let asked = pen.asked();
                (Pen::Grids(pen), asked)
            }
            (Layer::DutyGrids, LayerFilter::Grids { edition }) => {
                let pen = self.grid_pen(actor, &config, *edition, true).await?;
                let asked = pen.asked();
                (Pen::Grids(pen), asked)
            }
            _ => return Err(AppError::NotFound("layer")),
        })
    }

    fn version_of(&self, actor: &Actor, pen: &Pen, tile: TileId) -> Result<u64, AppError> {
        let city = self.city(actor.city)?;
        Ok(match pen {
            Pen::Things(_) => things::version(&city.ground.read(), tile),
            Pen::Cases(_) => cases::version(&city.index.read(), tile),
            Pen::Grids(pen) => pen.version(),
        })
    }

    /// Forgets every drawn tile: for measurements.
    pub fn forget_tiles(&self) {
        self.0.tiles.cache.clear();
    }

    /// Draws on a thread of its own. With a tile that is only to be squeezed or unpacked, does that.
    async fn draw(
        &self,
        actor: &Actor,
        pen: Pen,
        tile: TileId,
        key: String,
        kept: Option<Arc<Drawn>>,
        gzip: bool,
    ) -> Result<Arc<Drawn>, AppError> {
        let _turn = self.0.tiles.turns.acquire().await.map_err(|_| AppError::Busy)?;
        let (app, city) = (self.clone(), self.city(actor.city)?);
        let work = move || {
            let drawn = kept.unwrap_or_else(|| {
                let Sheet { body, version, until } = match &pen {
                    Pen::Things(pen) => pen.draw(&city.ground.read(), tile),
                    Pen::Cases(pen) => pen.draw(&city.index.read(), tile, app.now()),
                    Pen::Grids(pen) => pen.draw(tile),
                };
                let tag = Tag { key: key.clone(), version, until };
                Arc::new(Drawn { tag, body: body.into(), squeezed: false })
            });
            if drawn.squeezed && !gzip {
                return drawn.unpack();
            }
            let drawn = if drawn.suits(gzip) { drawn } else { drawn.squeeze() };
            app.0.tiles.cache.put(key, drawn.clone());
            drawn
        };
        tokio::task::spawn_blocking(work).await.map_err(|_| AppError::Busy)
    }

    /// The rights of `actor` on cases as a text: equal texts, equal rights.
    fn rights_text(&self, actor: &Actor) -> Result<String, AppError> {
        Ok(format!("{:?}", visibility(actor, &*self.config(actor.city)?)))
    }
}

/// What makes two questions the same tile.
fn key_of(mark: u64, actor: &Actor, layer: &str, tile: TileId, asked: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(mark.to_le_bytes());
    hash.update(actor.city.get().to_le_bytes());
    hash.update([tile.z()]);
    hash.update(tile.x().to_le_bytes());
    hash.update(tile.y().to_le_bytes());
    hash.update(layer.as_bytes());
    hash.update([0]);
    hash.update(asked.as_bytes());
    hex::encode(&hash.finalize()[..12])
}

fn second(at: Timestamp) -> u32 {
    u32::try_from(at.millis().div_euclid(1_000)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_read_back_and_holds_until_its_second() {
        let tag = Tag { key: "0a1b".into(), version: 255, until: 100 };
        assert_eq!(Tag::parse(&tag.text()), Some(tag.clone()));
        assert!(tag.holds("0a1b", 255, 99));
        for (key, version, now) in [("0a1b", 255, 100), ("0a1b", 256, 99), ("0a1c", 255, 99)] {
            assert!(!tag.holds(key, version, now), "{key} {version} {now}");
        }
        assert!(Tag { until: 0, ..tag }.holds("0a1b", 255, u32::MAX));
        for text in ["", "a", "a-b", "a-1-z", "*", "a-1"] {
            assert_eq!(Tag::parse(text), None, "{text}");
        }
    }
}
