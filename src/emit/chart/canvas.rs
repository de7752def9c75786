//! A picture under work: shapes and texts at places, written with one decimal.

use crate::emit::markup::Markup;

/// Size of the texts in a picture.
pub const TEXT: f64 = 13.0;

/// Which part of a text stands at its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchor {
    /// Its start.
    Start,
    /// Its middle.
    Middle,
    /// Its end.
    End,
}

/// One SVG.
pub struct Canvas {
    markup: Markup,
    /// Its width in units, which are pixels where there is room for them.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

impl Canvas {
    /// An empty picture. `id` is unique in the page; `title` and `description` are read out.
    pub fn new(id: &str, (width, height): (f64, f64), title: &str, description: &str) -> Self {
        let mut markup = Markup::default();
        let (title_id, description_id) = (format!("{id}-title"), format!("{id}-description"));
        markup.open(
            "svg",
            &[
                ("xmlns", "http://www.w3.org/2000/svg"),
                ("class", "chart"),
                ("viewBox", &format!("0 0 {} {}", px(width), px(height))),
                ("width", &px(width)),
                ("height", &px(height)),
                ("role", "img"),
                ("aria-labelledby", &format!("{title_id} {description_id}")),
            ],
        );
        markup.leaf("title", &[("id", &title_id)], title);
        markup.leaf("desc", &[("id", &description_id)], description);
        Canvas {
            markup,
            width,
            height,
        }
    }

    /// Takes its colours along, for a picture that stands alone.
    pub fn with_style(&mut self) {
        self.markup.style(super::STYLE);
        self.rectangle((0.0, 0.0), (self.width, self.height), "ground");
    }

    /// A straight line.
    pub fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(px);
        let places = [("x1", &*x1), ("y1", &*y1), ("x2", &*x2), ("y2", &*y2)];
        let [a, b, c, d] = places;
        self.markup.empty("line", &[("class", class), a, b, c, d]);
    }

    /// A rectangle from its upper left corner.
    pub fn rectangle(&mut self, (x, y): (f64, f64), (width, height): (f64, f64), class: &str) {
        let [x, y, width, height] = [x, y, width.max(0.0), height.max(0.0)].map(px);
        self.markup.empty(
            "rect",
            &[
                ("class", class),
                ("x", &x),
                ("y", &y),
                ("width", &width),
                ("height", &height),
            ],
        );
    }

    /// A rectangle that says something when pointed at.
    pub fn named_rectangle(&mut self, at: (f64, f64), size: (f64, f64), class: &str, name: &str) {
        self.markup.open("g", &[]);
        self.markup.leaf("title", &[], name);
        self.rectangle(at, size, class);
        self.markup.close();
    }

    /// A disc that says something when pointed at.
    pub fn disc(&mut self, (x, y): (f64, f64), radius: f64, class: &str, name: &str) {
        let [x, y, radius] = [x, y, radius].map(px);
        let attributes = [("class", class), ("cx", &*x), ("cy", &*y), ("r", &*radius)];
        self.markup.open("circle", &attributes);
        if !name.is_empty() {
            self.markup.leaf("title", &[], name);
        }
        self.markup.close();
    }

    /// A line through these places.
    pub fn path(&mut self, places: &[(f64, f64)], class: &str) {
        let mut d = String::new();
        for (i, &(x, y)) in places.iter().enumerate() {
            let step = if i == 0 { 'M' } else { 'L' };
            d.push(step);
            d.extend([px(x).as_str(), " ", &px(y)]);
        }
        self.curve(&d, class);
    }

    /// A path in SVG's own words.
    pub fn curve(&mut self, d: &str, class: &str) {
        self.markup.empty("path", &[("class", class), ("d", d)]);
    }

    /// A text on one line.
    pub fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        self.titled((x, y), anchor, class, text, "");
    }

    /// A text that says something more when pointed at.
    pub fn titled(
        &mut self,
        (x, y): (f64, f64),
        anchor: Anchor,
        class: &str,
        text: &str,
        more: &str,
    ) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let [x, y] = [x, y].map(px);
        self.markup.open(
            "text",
            &[
                ("class", class),
                ("x", &x),
                ("y", &y),
                ("text-anchor", anchor),
            ],
        );
        self.markup.text(text);
        if !more.is_empty() && more != text {
            self.markup.leaf("title", &[], more);
        }
        self.markup.close();
    }

    /// A text that runs upwards, centred at its place.
    pub fn upright(&mut self, (x, y): (f64, f64), class: &str, text: &str) {
        let turn = format!("translate({} {}) rotate(-90)", px(x), px(y));
        let attributes = [
            ("class", class),
            ("transform", &*turn),
            ("text-anchor", "middle"),
        ];
        self.markup.leaf("text", &attributes, text);
    }

    /// The picture.
    pub fn finish(self) -> Markup {
        let mut markup = self.markup;
        markup.close();
        markup
    }
}

/// With one decimal at most. What is not finite stands at 0: charts leave it out before.
pub fn px(value: f64) -> String {
    debug_assert!(value.is_finite());
    let value = if value.is_finite() { value } else { 0.0 };
    let text = format!("{value:.1}");
    let text = text.strip_suffix(".0").unwrap_or(&text);
    if text == "-0" { "0" } else { text }.to_string()
}

/// About how wide a text of this size is, rather too wide than too narrow.
pub fn text_width(text: &str, size: f64) -> f64 {
    let of = |c: char| match c {
        'i' | 'j' | 'l' | '.' | ',' | ':' | '\'' | ' ' | '|' => 0.36,
        'm' | 'w' | 'M' | 'W' | '%' => 0.95,
        'A'..='Z' => 0.72,
        c if c.is_ascii() => 0.6,
        // Scripts of square characters.
        '\u{1100}'.. => 1.05,
        _ => 0.7,
    };
    text.chars().map(of).sum::<f64>() * size
}

/// The text, its middle left out where it would be wider than there is room; both ends tell names
/// apart.
pub fn fitted(text: &str, room: f64, size: f64) -> String {
    if text_width(text, size) <= room {
        return text.to_string();
    }
    let characters: Vec<char> = text.chars().collect();
    let (mut head, mut tail) = (String::new(), Vec::new());
    let (mut start, mut end) = (0, characters.len());
    let mut left = room - text_width("…", size);
    while start < end {
        let front = start <= characters.len() - end;
        let next = if front {
            characters[start]
        } else {
            characters[end - 1]
        };
        left -= text_width(next.encode_utf8(&mut [0; 4]), size);
        if left < 0.0 {
            break;
        }
        if front {
            head.push(next);
            start += 1;
        } else {
            tail.push(next);
            end -= 1;
        }
    }
    head.push('…');
    head.extend(tail.into_iter().rev());
    head
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_have_one_decimal() {
        assert_eq!(px(3.0), "3");
        assert_eq!(px(3.04), "3");
        assert_eq!(px(-0.01), "0");
        assert_eq!(px(12.25), "12.2");
    }

    #[test]
    fn long_names_keep_their_ends() {
        assert_eq!(fitted("conv1", 100.0, 13.0), "conv1");
        let long = fitted(&"a".repeat(200), 80.0, 13.0);
        assert!(long.contains('…') && text_width(&long, 13.0) <= 80.0);
        assert_eq!(fitted("anything", 0.0, 13.0), "…");
    }
}
