//! Pages of marks as a PDF.

use crate::print::layout::{Mark, PAGE_HEIGHT, PAGE_WIDTH};
use crate::print::typeface::Typeface;
use axum::body::Bytes;
use krilla::Document;
use krilla::color::{luma, rgb};
use krilla::geom::{PathBuilder, Point, Size, Transform};
use krilla::image::Image;
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;

#[derive(Debug, thiserror::Error)]
#[error("could not make the PDF: {0}")]
pub struct PrintError(String);

/// Reads a thumbnail; `None` when it is no picture a PDF can hold.
#[must_use]
pub fn picture(bytes: &Bytes) -> Option<Image> {
    let data: krilla::Data = bytes.to_vec().into();
    let image = Image::from_jpeg(data.clone(), true).or_else(|_| Image::from_png(data.clone(), true));
    image.or_else(|_| Image::from_webp(data, true)).ok()
}

/// # Errors
/// When the font or a photo cannot be embedded.
pub fn draw(
    pages: &[Vec<Mark>],
    photos: &[Image],
    title: &str,
    language: &str,
) -> Result<Vec<u8>, PrintError> {
    let mut document = Document::new();
    document.set_metadata(
        Metadata::new().title(title.to_owned()).language(language.to_owned()).creator("Yiwang".into()),
    );
    for marks in pages {
        let settings =
            PageSettings::from_wh(PAGE_WIDTH, PAGE_HEIGHT).ok_or_else(|| PrintError("page size".into()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in marks {
            put(&mut surface, mark, photos);
        }
        surface.finish();
        page.finish();
    }
    document.finish().map_err(|error| PrintError(format!("{error:?}")))
}

fn put(surface: &mut Surface<'_>, mark: &Mark, photos: &[Image]) {
    match mark {
        Mark::Text { x, y, size, grey, text } => {
            let paint = if *grey { luma::Color::new(105) } else { luma::Color::black() };
            surface.set_stroke(None);
            surface.set_fill(Some(Fill { paint: paint.into(), ..Fill::default() }));
            let typeface = Typeface::get();
            let glyphs = typeface.glyphs(text);
            surface.draw_glyphs(Point::from_xy(*x, *y), &glyphs, typeface.font.clone(), text, *size, false);
        }
        Mark::Line { x, y, to_x } => {
            let mut path = PathBuilder::new();
            path.move_to(*x, *y);
            path.line_to(*to_x, *y);
            if let Some(path) = path.finish() {
                surface.set_fill(None);
                let paint = rgb::Color::new(160, 160, 160).into();
                surface.set_stroke(Some(Stroke {
                    paint,
                    width: 0.6,
                    opacity: NormalizedF32::ONE,
                    ..Stroke::default()
                }));
                surface.draw_path(&path);
            }
        }
        Mark::Photo { x, y, width, height, photo } => {
            if let (Some(image), Some(size)) = (photos.get(*photo), Size::from_wh(*width, *height)) {
                surface.push_transform(&Transform::from_translate(*x, *y));
                surface.draw_image(image.clone(), size);
                surface.pop();
            }
        }
    }
}
