//! Names, numbers, values and fields.

use super::{Builder, end_of, parts};
use crate::base::span::{Span, Spanned};
use crate::diag::{Diagnostic, codes};
use crate::syntax::ast::{
    Arg, Arith, Comparison, Condition, Expect, Expected, Expr, Field, Measure, Name, Number, Param,
    Path, Range, SizeExpr, Value,
};
use crate::syntax::errors::{Context, Place};
use crate::syntax::grammar::Rule;
use pest::iterators::Pair;

impl Builder<'_> {
    /// A word as it stands.
    pub(super) fn word(&self, pair: &Pair<Rule>) -> Name {
        Spanned::new(pair.as_str().to_string(), self.span(pair))
    }

    /// An identifier or a quoted name.
    pub(super) fn node(&mut self, pair: Pair<Rule>) -> Name {
        match pair.clone().into_inner().next() {
            Some(quoted) if quoted.as_rule() == Rule::quoted => {
                let name = self.quoted(&quoted);
                if name.node.is_empty() {
                    let diagnostic = Diagnostic::error(codes::BAD_QUOTED, "this name is empty")
                        .label(name.span, "a name has at least one character");
                    self.diagnostics
                        .push(diagnostic.help("write the name between the quotation marks"));
                }
                name
            }
            Some(word) => self.word(&word),
            None => self.word(&pair),
        }
    }

    /// A quoted text without its quotes and escapes.
    pub(super) fn quoted(&mut self, pair: &Pair<Rule>) -> Name {
        let written = pair.as_str();
        let inner = written
            .strip_prefix('"')
            .and_then(|t| t.strip_suffix('"'))
            .unwrap_or(written);
        let mut text = String::with_capacity(inner.len());
        let mut chars = inner.char_indices();
        while let Some((i, c)) = chars.next() {
            match (c, if c == '\\' { chars.next() } else { None }) {
                ('\\', Some((_, next @ ('"' | '\\')))) => text.push(next),
                ('\\', Some((_, next))) => {
                    let start = pair.as_span().start() + 1 + i;
                    let span = self.place(start, start + 1 + next.len_utf8());
                    let diagnostic = Diagnostic::error(
                        codes::BAD_QUOTED,
                        format!("unknown escape `\\{next}`"),
                    )
                    .label(span, "not an escape")
                    .help("the escapes are `\\\"` and `\\\\`; a plain backslash is written `\\\\`")
                    .suggest(span, format!("\\\\{next}"));
                    self.diagnostics.push(diagnostic);
                }
                (c, _) => text.push(c),
            }
        }
        Spanned::new(text, self.span(pair))
    }

    /// A dotted path.
    pub(super) fn path(&self, pair: Pair<Rule>) -> Path {
        let span = self.span(&pair);
        Path {
            segments: pair.into_inner().map(|p| self.word(&p)).collect(),
            args: None,
            span,
        }
    }

    /// A path, with its arguments if it has some.
    pub(super) fn call(&mut self, pair: Pair<Rule>) -> Option<Path> {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        let mut path = self.path(inner.next()?);
        if let Some(list) = inner.next() {
            let place = self.span(&list);
            let args = parts(list).filter_map(|p| self.arg(p)).collect();
            path.args = Some(Spanned::new(args, place));
            path.span = span;
        }
        Some(path)
    }

    fn arg(&mut self, pair: Pair<Rule>) -> Option<Arg> {
        let span = self.span(&pair);
        let mut inner = parts(pair);
        let first = inner.next()?;
        let (name, value) = match inner.next() {
            Some(value) => (Some(self.word(&first)), value),
            None => (None, first),
        };
        let value = self.amount(value)?;
        Some(Arg { name, value, span })
    }

    /// What a block leaves open.
    pub(super) fn params(&mut self, tail: &[Pair<Rule>]) -> Vec<Param> {
        let list = tail.iter().find(|p| p.as_rule() == Rule::params);
        let mut params = Vec::new();
        for pair in list.cloned().into_iter().flat_map(parts) {
            let span = self.span(&pair);
            let mut inner = parts(pair);
            if let Some(name) = inner.next() {
                params.push(Param {
                    name: self.word(&name),
                    default: inner.next().and_then(|p| self.amount(p)),
                    span,
                });
            }
        }
        params
    }

    /// A number, or what is computed in its place.
    pub(super) fn amount(&mut self, pair: Pair<Rule>) -> Option<Number> {
        let span = self.span(&pair);
        Some(match self.chain(pair)? {
            Expr::Literal(number) => number,
            computed => Number {
                value: 0.0,
                integer: None,
                unit: None,
                expr: Some(Box::new(computed)),
                span,
            },
        })
    }

    /// Operands and the signs between them: the rule `expr` or `size`.
    fn chain(&mut self, pair: Pair<Rule>) -> Option<Expr> {
        let span = self.span(&pair);
        let mut inner = parts(pair);
        let first = inner.next()?;
        let first = self.operand(first)?;
        let mut rest = Vec::new();
        while let (Some(sign), Some(operand)) = (inner.next(), inner.next()) {
            let arith = match sign.as_str() {
                "+" => Arith::Add,
                "-" => Arith::Subtract,
                "*" => Arith::Multiply,
                _ => Arith::Divide,
            };
            rest.push((
                Spanned::new(arith, self.span(&sign)),
                self.operand(operand)?,
            ));
        }
        if rest.is_empty() {
            return Some(first);
        }
        let first = Box::new(first);
        Some(Expr::Chain { first, rest, span })
    }

    fn operand(&mut self, pair: Pair<Rule>) -> Option<Expr> {
        Some(match pair.as_rule() {
            Rule::number => Expr::Literal(self.number(pair)?),
            Rule::numeral => Expr::Literal(self.numeral(pair.as_str(), self.span(&pair))),
            Rule::expr => return self.chain(pair),
            _ => Expr::Name(self.word(&pair)),
        })
    }

    /// A number without unit. A value that no double holds is reported and becomes 0.
    fn numeral(&mut self, text: &str, span: Span) -> Number {
        let plain: String = text.chars().filter(|&c| c != '_').collect();
        let mut value = plain.parse::<f64>().unwrap_or(f64::INFINITY);
        let mantissa = plain.split(['e', 'E']).next().unwrap_or("");
        let vanished = value == 0.0 && mantissa.contains(|c: char| c.is_ascii_digit() && c != '0');
        if !value.is_finite() || vanished {
            let (what, help) = if vanished {
                (
                    "small",
                    format!("write 0, or at least {:.1e}", f64::MIN_POSITIVE),
                )
            } else {
                ("large", format!("numbers reach to about {:.1e}", f64::MAX))
            };
            let diagnostic =
                Diagnostic::error(codes::BAD_NUMBER, format!("this number is too {what}"))
                    .label(span, "cannot be represented")
                    .help(help);
            self.diagnostics.push(diagnostic);
            value = 0.0;
        }
        let whole = plain.bytes().all(|b| b.is_ascii_digit());
        let integer = if whole { plain.parse().ok() } else { None };
        Number {
            value,
            integer,
            unit: None,
            expr: None,
            span,
        }
    }

    /// A number with its unit, if it has one.
    pub(super) fn number(&mut self, pair: Pair<Rule>) -> Option<Number> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let numeral = parts.next()?;
        let place = self.span(&numeral);
        let mut number = self.numeral(numeral.as_str(), place);
        number.unit = parts.next().map(|unit| self.word(&unit));
        number.span = span;
        Some(number)
    }

    /// `start..=end step n`, or only a number.
    fn range(&mut self, pair: Pair<Rule>) -> Option<Value> {
        let span = self.span(&pair);
        let mut parts = parts(pair);
        let start = self.amount(parts.next()?)?;
        let Some(sign) = parts.next() else {
            // Whether a lone word is a constant is a later check.
            return Some(match start.expr.as_deref() {
                Some(Expr::Name(word)) => Value::Path(Path {
                    segments: vec![word.clone()],
                    args: None,
                    span: word.span,
                }),
                _ => Value::Number(start),
            });
        };
        let inclusive = sign.as_str() == "..=";
        let end = self.amount(parts.next()?)?;
        let step = parts.next().and_then(|p| self.amount(p));
        Some(Value::Range(Range {
            start,
            end,
            inclusive,
            step,
            span,
        }))
    }

    /// `[a, b]`
    pub(super) fn list(&mut self, pair: Pair<Rule>) -> Value {
        let span = self.span(&pair);
        let mut items: Vec<Pair<Rule>> = parts(pair).collect();
        self.thousands(&mut items);
        let values = items.into_iter().filter_map(|p| self.value(p)).collect();
        Value::List(Spanned::new(values, span))
    }

    /// Takes `1,024` out of a list, and reports it: no level is written with a zero before it, and a comma
    /// between two has a blank behind it.
    fn thousands(&mut self, items: &mut Vec<Pair<Rule>>) {
        let digits = |p: &Pair<Rule>| p.as_str().trim().bytes().all(|b| b.is_ascii_digit());
        let joined = |a: &Pair<Rule>, b: &Pair<Rule>| {
            let (end, start) = (end_of(a), b.as_span().start());
            let comma = a.get_input().get(end..start) == Some(",");
            comma && digits(a) && digits(b) && b.as_str().trim().len() == 3
        };
        let begins = |w: &[Pair<Rule>]| joined(&w[0], &w[1]) && w[1].as_str().starts_with('0');
        let mut kept = Vec::with_capacity(items.len());
        let mut at = 0;
        while at < items.len() {
            if !items.get(at..at + 2).is_some_and(begins) {
                kept.push(items[at].clone());
                at += 1;
                continue;
            }
            let more = items[at..].windows(2).take_while(|w| joined(&w[0], &w[1]));
            let group = &items[at..=at + more.count()];
            at += group.len();
            let number: String = group.iter().map(|p| p.as_str().trim()).collect();
            let span = self.span(&group[0]).to(self.span(&group[group.len() - 1]));
            let message = "thousands are written without a comma";
            self.diagnostics.push(
                Diagnostic::error(codes::BAD_NUMBER, message)
                    .label(span, format!("{} numbers", group.len()))
                    .help(format!("write `{number}`"))
                    .suggest(span, number),
            );
        }
        *items = kept;
    }

    /// Anything that stands on the right of a field: the rule `value`, or one of its alternatives.
    pub(super) fn value(&mut self, pair: Pair<Rule>) -> Option<Value> {
        Some(match pair.as_rule() {
            Rule::value | Rule::value_path | Rule::knob_values => {
                return self.value(pair.into_inner().next()?);
            }
            Rule::range => return self.range(pair),
            Rule::quoted => Value::Text(self.quoted(&pair)),
            Rule::list => self.list(pair),
            Rule::call => Value::Path(self.call(pair)?),
            Rule::pair => {
                let span = self.span(&pair);
                let mut sides = pair.into_inner();
                let (rows, columns) = (sides.next()?, sides.next()?);
                let rows = self.numeral(rows.as_str(), self.span(&rows));
                let columns = self.numeral(columns.as_str(), self.span(&columns));
                Value::Pair(Spanned::new([rows, columns], span))
            }
            _ => return None,
        })
    }

    /// A size in a directive: a plain number, a constant, a dimension, a knob, or a computation.
    pub(super) fn size(&mut self, pair: Pair<Rule>) -> Option<SizeExpr> {
        Some(match self.chain(pair)? {
            Expr::Literal(number) => SizeExpr::Number(number),
            Expr::Name(name) => SizeExpr::Name(name),
            computed => SizeExpr::Computed(computed),
        })
    }

    /// `expect measure <= expected`
    pub(super) fn expect(&mut self, pair: Pair<Rule>, span: Span) -> Option<Expect> {
        let mut inner = parts(pair);
        let measure = self.measure(inner.next()?);
        let comparison = self.comparison(&inner.next()?);
        let right = inner.next()?.into_inner().next()?;
        let expected = match right.as_rule() {
            Rule::scaled => {
                let mut factor = None;
                let mut measure = None;
                for part in right.into_inner() {
                    match part.as_rule() {
                        Rule::scale => factor = Some(self.amount(part)?),
                        Rule::other_measure => {
                            measure = Some(self.measure(part.into_inner().next()?));
                        }
                        _ => {}
                    }
                }
                let measure = measure?;
                Expected::Scaled { factor, measure }
            }
            _ => Expected::Number(self.amount(right)?),
        };
        Some(Expect {
            measure,
            comparison,
            expected,
            span,
        })
    }

    fn measure(&mut self, pair: Pair<Rule>) -> Measure {
        let span = self.span(&pair);
        let names = pair.into_inner().map(|name| self.node(name)).collect();
        Measure { names, span }
    }

    fn comparison(&mut self, sign: &Pair<Rule>) -> Spanned<Comparison> {
        let comparison = match sign.as_str() {
            "<=" => Comparison::AtMost,
            ">=" => Comparison::AtLeast,
            "<" => Comparison::Below,
            ">" => Comparison::Above,
            _ => Comparison::Equal,
        };
        Spanned::new(comparison, self.span(sign))
    }

    /// `metric <= number`
    pub(super) fn condition(&mut self, pair: Pair<Rule>, span: Span) -> Option<Condition> {
        let mut parts = parts(pair);
        let metric = self.word(&parts.next()?);
        let sign = parts.next()?;
        let comparison = self.comparison(&sign);
        Some(Condition {
            metric,
            comparison,
            limit: self.amount(parts.next()?)?,
            span,
        })
    }

    /// `{ name = value, … }`; `place` says whose fields they are.
    pub(super) fn fields(&mut self, pair: Pair<Rule>, place: Place) -> Vec<Field> {
        self.statements(pair, Context::Fields, Some(place), &mut |builder, pair| {
            let span = builder.span(&pair);
            let mut inner = parts(pair);
            let name = builder.word(&inner.next()?);
            let value = builder.value(inner.next()?)?;
            Some(Field { name, value, span })
        })
    }
}
