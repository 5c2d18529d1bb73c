//! The one font of printed pages, and how wide its characters are.

use krilla::text::{Font, GlyphId, KrillaGlyph};
use std::sync::OnceLock;

/// Noto Sans SC with the characters of GB/T 2312; see `assets/font/README.md`.
static FILE: &[u8] = include_bytes!("../../assets/font/NotoSansSC-GB2312.otf");

pub struct Typeface {
    pub font: Font,
    face: ttf_parser::Face<'static>,
    units_per_em: f32,
}

impl Typeface {
    #[must_use]
    pub fn get() -> &'static Self {
        static TYPEFACE: OnceLock<Typeface> = OnceLock::new();
        TYPEFACE.get_or_init(|| {
            let font = Font::new(FILE.into(), 0).expect("the font is part of the program");
            let face = ttf_parser::Face::parse(FILE, 0).expect("the font is part of the program");
            let units_per_em = f32::from(face.units_per_em());
            Self { font, face, units_per_em }
        })
    }

    fn glyph(&self, c: char) -> ttf_parser::GlyphId {
        self.face.glyph_index(c).unwrap_or_default()
    }

    /// Width of a character in ems.
    #[must_use]
    pub fn advance(&self, c: char) -> f32 {
        f32::from(self.face.glyph_hor_advance(self.glyph(c)).unwrap_or_default()) / self.units_per_em
    }

    /// Width of a text in points at a size.
    #[must_use]
    pub fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(c)).sum::<f32>() * size
    }

    #[must_use]
    pub fn glyphs(&self, text: &str) -> Vec<KrillaGlyph> {
        let glyph = |(at, c): (usize, char)| KrillaGlyph {
            glyph_id: GlyphId::new(u32::from(self.glyph(c).0)),
            text_range: at..at + c.len_utf8(),
            x_advance: self.advance(c),
            x_offset: 0.0,
            y_offset: 0.0,
            y_advance: 0.0,
            location: None,
        };
        text.char_indices().map(glyph).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chinese_is_one_em_wide_and_latin_is_narrower() {
        let typeface = Typeface::get();
        assert_eq!(typeface.advance('案'), 1.0);
        assert!(typeface.advance('i') < 0.4);
        assert!((typeface.width("案卷", 10.0) - 20.0).abs() < 0.01);
    }

    #[test]
    fn every_text_of_the_program_can_be_printed() {
        let typeface = Typeface::get();
        for texts in [&crate::i18n::zh::TEXTS, &crate::i18n::en::TEXTS] {
            for (_, words) in texts.words {
                for c in words.iter().flat_map(|(_, word)| word.chars()) {
                    assert!(typeface.glyph(c).0 > 0, "{c:?} is not in the font");
                }
            }
        }
    }
}
