//! Flows headings, tables, photos onto A4 pages. Pure: positions are points from the top left.

use crate::print::typeface::Typeface;

pub const PAGE_WIDTH: f32 = 595.0;
pub const PAGE_HEIGHT: f32 = 842.0;
const MARGIN: f32 = 48.0;
const BOTTOM: f32 = PAGE_HEIGHT - 56.0;
const BODY: f32 = 9.5;
const LEADING: f32 = 1.5;
/// A case with thousands of facts is not a file any more; the rest is said to be left out.
const PAGES_MAX: usize = 200;

#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// `y` is the base line.
    Text {
        x: f32,
        y: f32,
        size: f32,
        grey: bool,
        text: String,
    },
    Line {
        x: f32,
        y: f32,
        to_x: f32,
    },
    /// Index into the photos given to the drawing; fitted into the box.
    Photo {
        x: f32,
        y: f32,
        width: f32,
        height: f32,
        photo: usize,
    },
}

/// Pages being filled from top to bottom.
#[derive(Debug)]
pub struct Layout {
    pub pages: Vec<Vec<Mark>>,
    y: f32,
}

impl Default for Layout {
    fn default() -> Self {
        Self { pages: vec![Vec::new()], y: MARGIN }
    }
}

impl Layout {
    fn put(&mut self, mark: Mark) {
        if let Some(page) = self.pages.last_mut() {
            page.push(mark);
        }
    }

    /// Begins a new page when less than `height` is left. False when there may be no more pages.
    fn room(&mut self, height: f32) -> bool {
        if self.y + height > BOTTOM {
            if self.pages.len() >= PAGES_MAX {
                return false;
            }
            self.pages.push(Vec::new());
            self.y = MARGIN;
        }
        true
    }

    fn line(&mut self, x: f32, size: f32, grey: bool, text: &str) {
        if self.room(size * LEADING) {
            let y = self.y + size * 1.15;
            self.put(Mark::Text { x, y, size, grey, text: text.to_owned() });
            self.y += size * LEADING;
        }
    }

    /// The head of the file.
    pub fn title(&mut self, text: &str, below: &str) {
        for line in wrap(text, PAGE_WIDTH - 2.0 * MARGIN, 17.0) {
            self.line(MARGIN, 17.0, false, &line);
        }
        self.line(MARGIN, BODY, true, below);
        self.y += 6.0;
    }

    pub fn heading(&mut self, text: &str) {
        self.room(60.0);
        self.y += 10.0;
        self.line(MARGIN, 12.0, false, text);
        let y = self.y;
        self.put(Mark::Line { x: MARGIN, y, to_x: PAGE_WIDTH - MARGIN });
        self.y += 4.0;
    }

    pub fn paragraph(&mut self, text: &str) {
        for line in wrap(text, PAGE_WIDTH - 2.0 * MARGIN, BODY) {
            self.line(MARGIN, BODY, false, &line);
        }
    }

    /// A row of a table; `widths` are shares of the page's width. A row is kept on one page when it fits on one.
    pub fn row(&mut self, widths: &[f32], cells: &[&str], grey: bool) {
        let whole = PAGE_WIDTH - 2.0 * MARGIN;
        let wrapped: Vec<Vec<String>> =
            cells.iter().zip(widths).map(|(cell, share)| wrap(cell, whole * share - 6.0, BODY)).collect();
        let lines = wrapped.iter().map(Vec::len).max().unwrap_or(0);
        let height = lines as f32 * BODY * LEADING;
        if height < (BOTTOM - MARGIN) / 2.0 {
            self.room(height);
        }
        for line in 0..lines {
            if !self.room(BODY * LEADING) {
                return;
            }
            let y = self.y + BODY * 1.15;
            let mut x = MARGIN;
            for (cell, share) in wrapped.iter().zip(widths) {
                if let Some(text) = cell.get(line).filter(|text| !text.is_empty()) {
                    self.put(Mark::Text { x, y, size: BODY, grey, text: text.clone() });
                }
                x += whole * share;
            }
            self.y += BODY * LEADING;
        }
        self.y += 2.0;
    }

    /// Photos three in a row, each with its caption; `sizes` are their pixels.
    pub fn photos(&mut self, photos: &[(usize, (u32, u32), String)]) {
        const COLUMNS: usize = 3;
        const HEIGHT: f32 = 118.0;
        let cell = (PAGE_WIDTH - 2.0 * MARGIN) / COLUMNS as f32;
        for group in photos.chunks(COLUMNS) {
            if !self.room(HEIGHT + BODY * LEADING + 6.0) {
                return;
            }
            let top = self.y;
            for (column, (photo, (width, height), caption)) in group.iter().enumerate() {
                let x = MARGIN + column as f32 * cell;
                let (wide, high) = (*width as f32, (*height).max(1) as f32);
                let scale = ((cell - 8.0) / wide.max(1.0)).min(HEIGHT / high);
                self.put(Mark::Photo { x, y: top, width: wide * scale, height: high * scale, photo: *photo });
                let y = top + HEIGHT + BODY * 1.2;
                let caption = wrap(caption, cell - 8.0, 8.0).into_iter().next().unwrap_or_default();
                self.put(Mark::Text { x, y, size: 8.0, grey: true, text: caption });
            }
            self.y = top + HEIGHT + BODY * LEADING + 8.0;
        }
    }

    /// Writes a foot on every page; `text` gets the number of the page and of all pages.
    #[must_use]
    pub fn finish(mut self, left: &str, text: impl Fn(usize, usize) -> String) -> Vec<Vec<Mark>> {
        let all = self.pages.len();
        let y = PAGE_HEIGHT - 32.0;
        for (at, page) in self.pages.iter_mut().enumerate() {
            let right = text(at + 1, all);
            let x = PAGE_WIDTH - MARGIN - Typeface::get().width(&right, 8.0);
            page.push(Mark::Text { x: MARGIN, y, size: 8.0, grey: true, text: left.to_owned() });
            page.push(Mark::Text { x, y, size: 8.0, grey: true, text: right });
        }
        self.pages
    }
}

/// Breaks a text into lines of at most `width` points: between Chinese characters, else at spaces.
#[must_use]
pub fn wrap(text: &str, width: f32, size: f32) -> Vec<String> {
    let typeface = Typeface::get();
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        let mut used = 0.0;
        // Where the line may break: after this many bytes.
        let mut last_break = 0;
        for c in paragraph.chars().filter(|c| !c.is_control()) {
            let advance = typeface.advance(c) * size;
            if used + advance > width && !line.is_empty() {
                let cut = if may_break_before(c) || last_break == 0 { line.len() } else { last_break };
                let rest = line.split_off(cut);
                lines.push(line.trim_end().to_owned());
                line = rest.trim_start().to_owned();
                used = typeface.width(&line, size);
                last_break = 0;
            }
            if c == ' ' && line.is_empty() {
                continue;
            }
            line.push(c);
            used += advance;
            if c == ' ' || may_break_before(c) {
                last_break = line.len();
            }
        }
        lines.push(line);
    }
    lines
}

/// Chinese breaks anywhere but before closing punctuation.
fn may_break_before(c: char) -> bool {
    let closing =
        matches!(c, '，' | '。' | '、' | '；' | '：' | '？' | '！' | '）' | '”' | '’' | '》' | '】');
    matches!(c, '\u{2e80}'..='\u{9fff}') && !closing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_characters_and_words() {
        assert_eq!(wrap("井盖破损请尽快处置", 50.0, 10.0), ["井盖破损请", "尽快处置"]);
        assert_eq!(wrap("one two three", 45.0, 10.0), ["one two", "three"]);
        assert_eq!(wrap("a\n\nb", 50.0, 10.0), ["a", "", "b"]);
        for line in wrap(&"无空格的很长文字".repeat(50), 100.0, 9.5) {
            assert!(Typeface::get().width(&line, 9.5) <= 100.0);
        }
        assert!(wrap(&"x".repeat(300), 100.0, 9.5).len() > 5);
    }

    #[test]
    fn no_mark_leaves_the_page() {
        let mut layout = Layout::default();
        layout.title(&"很长的标题".repeat(30), "x");
        for _ in 0..200 {
            layout.row(&[0.2, 0.8], &["时间", &"说明".repeat(80)], false);
        }
        layout.photos(&[
            (0, (400, 300), "a".into()),
            (1, (300, 4_000), "b".into()),
            (2, (1, 1), "c".into()),
            (3, (9, 9), "d".into()),
        ]);
        let pages = layout.finish("left", |page, all| format!("{page}/{all}"));
        assert!(pages.len() > 5);
        for mark in pages.iter().flatten() {
            let (x, y) = match mark {
                Mark::Text { x, y, text, size, .. } => (x + Typeface::get().width(text, *size), *y),
                Mark::Line { to_x, y, .. } => (*to_x, *y),
                Mark::Photo { x, y, width, height, .. } => (x + width, y + height),
            };
            assert!(x <= PAGE_WIDTH - MARGIN + 0.5 && y <= PAGE_HEIGHT, "{mark:?}");
        }
    }

    #[test]
    fn there_is_an_end_to_pages() {
        let mut layout = Layout::default();
        for _ in 0..20_000 {
            layout.row(&[1.0], &["x"], false);
        }
        assert_eq!(layout.pages.len(), PAGES_MAX);
    }
}
