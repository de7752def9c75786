//! HTML and SVG, written so that nothing of what is said can be taken for markup: tags and the names
//! of attributes are constants of the code, and every text and every value is escaped here.

/// Markup that grows at its end.
#[derive(Debug, Clone, Default)]
pub struct Markup {
    out: String,
    open: Vec<&'static str>,
}

/// Names and values of attributes.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

impl Markup {
    /// Begins an element.
    pub fn open(&mut self, tag: &'static str, attributes: Attributes) {
        self.start(tag, attributes);
        self.out.push('>');
        self.open.push(tag);
    }

    /// Ends the element begun last.
    pub fn close(&mut self) {
        if let Some(tag) = self.open.pop() {
            self.out.extend(["</", tag, ">"]);
        }
    }

    /// An element that holds only this text.
    pub fn leaf(&mut self, tag: &'static str, attributes: Attributes, text: &str) {
        self.open(tag, attributes);
        self.text(text);
        self.close();
    }

    /// An element of HTML that has no end, such as `meta`.
    pub fn void(&mut self, tag: &'static str, attributes: Attributes) {
        self.start(tag, attributes);
        self.out.push('>');
    }

    /// An element of SVG that holds nothing.
    pub fn empty(&mut self, tag: &'static str, attributes: Attributes) {
        self.start(tag, attributes);
        self.out.push_str("/>");
    }

    /// Text between elements.
    pub fn text(&mut self, text: &str) {
        escape(text, &mut self.out);
    }

    /// A line break in the markup, which shows nowhere.
    pub fn line(&mut self) {
        self.out.push('\n');
    }

    /// What was written by another one, all of whose elements are closed.
    pub fn add(&mut self, other: Markup) {
        self.out.push_str(&other.finish());
    }

    /// A style sheet of our own.
    pub fn style(&mut self, sheet: &'static str) {
        self.out.extend(["<style>\n", sheet, "</style>"]);
    }

    /// The markup, with everything closed.
    pub fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }

    fn start(&mut self, tag: &'static str, attributes: Attributes) {
        self.out.extend(["<", tag]);
        for (name, value) in attributes {
            self.out.extend([" ", name, "=\""]);
            escape(value, &mut self.out);
            self.out.push('"');
        }
    }
}

/// Characters that would turn the order of what follows around, or that no text has, stand as a
/// replacement character.
fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(c),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fffe}' | '\u{ffff}' => {
                out.push('\u{fffd}');
            }
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_becomes_markup() {
        let mut m = Markup::default();
        m.open("p", &[("title", "\"><script>alert(1)</script>")]);
        m.text("a <b> & \"c\" \u{202e}d\0");
        m.empty("br", &[]);
        assert_eq!(
            m.finish(),
            "<p title=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">a &lt;b&gt; &amp; &quot;c&quot; \u{fffd}d\u{fffd}<br/></p>"
        );
    }
}
