//! Texts with fields in braces, such as `{title} ({count})`. `{{` and `}}` are braces.

/// The fields, in the order in which people are told of them.
pub const FIELDS: [&str; 9] = ["title", "body", "kind", "agents", "registry", "cause", "fault", "at", "count"];
/// Characters; a title or a body is a few lines.
const LONGEST: usize = 4000;

/// A text that was read: literal pieces and fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(&'static str),
}

impl Template {
    /// Reads a text.
    ///
    /// # Errors
    /// A sentence that names what is wrong and lists the fields.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.chars().count() > LONGEST {
            return Err(format!("it has more than {LONGEST} characters"));
        }
        let (mut pieces, mut literal, mut rest) = (Vec::new(), String::new(), text);
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let from = &rest[at..];
            if let Some(after) = from.strip_prefix("{{") {
                literal.push('{');
                rest = after;
            } else if let Some(after) = from.strip_prefix("}}") {
                literal.push('}');
                rest = after;
            } else if from.starts_with('}') {
                return Err(format!("a }} stands alone; write }}}} for a brace. {}", fields()));
            } else {
                let Some((name, after)) = from[1..].split_once('}') else {
                    return Err(format!("a {{ is not closed; write {{{{ for a brace. {}", fields()));
                };
                let Some(field) = FIELDS.into_iter().find(|field| *field == name) else {
                    let name: String = name.chars().take(40).collect();
                    return Err(format!("there is no field {{{}}}. {}", name.escape_debug(), fields()));
                };
                pieces.push(Piece::Text(std::mem::take(&mut literal)));
                pieces.push(Piece::Field(field));
                rest = after;
            }
        }
        literal.push_str(rest);
        pieces.push(Piece::Text(literal));
        Ok(Self(pieces))
    }

    /// The text with every field filled in.
    #[must_use]
    pub fn render(&self, value: impl Fn(&str) -> String) -> String {
        self.0
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Field(name) => value(name),
            })
            .collect()
    }
}

fn fields() -> String {
    let names: Vec<_> = FIELDS.into_iter().map(|name| format!("{{{name}}}")).collect();
    format!("The fields are {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> Result<String, String> {
        Template::parse(text).map(|template| template.render(|name| format!("<{name}>")))
    }

    #[test]
    fn fields_are_filled_in_and_doubled_braces_are_braces() {
        assert_eq!(rendered("").unwrap(), "");
        assert_eq!(rendered("{title}: {count} of {agents}").unwrap(), "<title>: <count> of <agents>");
        assert_eq!(rendered("{{{kind}}} ü {{title}}").unwrap(), "{<kind>} ü {title}");
        for field in FIELDS {
            assert_eq!(rendered(&format!("{{{field}}}")).unwrap(), format!("<{field}>"));
        }
    }

    #[test]
    fn what_a_field_says_is_not_read_as_a_template() {
        let template = Template::parse("{title}").unwrap();
        assert_eq!(template.render(|_| "{body}".into()), "{body}");
    }

    #[test]
    fn a_wrong_template_is_refused_with_the_fields() {
        for (text, says) in
            [("{titel}", "no field {titel}"), ("{title", "not closed"), ("a}", "stands alone"), ("{}", "no field {}")]
        {
            let error = rendered(text).unwrap_err();
            assert!(error.contains(says) && error.contains("{title}, {body}, {kind}"), "{error}");
        }
        assert!(rendered(&"x".repeat(4001)).unwrap_err().contains("4000"));
    }
}
