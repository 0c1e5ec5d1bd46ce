//! The search box: words and the operators `from:`, `to:`, `subject:`, `is:`, `in:` and `label:`, each with `-` before
//! it for «not».
//!
//! <https://support.google.com/mail/answer/7190>

use super::message::Message;

/// What a message has to be like.
pub(super) struct Query(Vec<Term>);

struct Term {
    negated: bool,
    condition: Condition,
}

enum Condition {
    Text(String),
    From(String),
    To(String),
    Subject(String),
    Label(String),
    NoLabel(String),
    Anywhere,
}

impl Query {
    pub(super) fn parse(text: &str) -> Self {
        Self(words(text).into_iter().map(|word| Term::parse(&word)).collect())
    }

    pub(super) fn matches(&self, message: &Message<'_>) -> bool {
        self.0.iter().all(|term| term.condition.holds(message) != term.negated)
    }

    /// Whether spam and trash are searched too.
    pub(super) fn looks_aside(&self) -> bool {
        self.0.iter().any(|term| match &term.condition {
            Condition::Anywhere => true,
            Condition::Label(label) => !term.negated && (label == "SPAM" || label == "TRASH"),
            _ => false,
        })
    }
}

impl Term {
    fn parse(word: &str) -> Self {
        let (negated, word) = word.strip_prefix('-').map_or((false, word), |word| (true, word));
        Self { negated, condition: Condition::parse(word) }
    }
}

impl Condition {
    fn parse(word: &str) -> Self {
        let Some((operator, value)) = word.split_once(':') else { return Self::Text(word.to_lowercase()) };
        let (value, label) = (value.to_lowercase(), value.to_uppercase());
        match operator.to_ascii_lowercase().as_str() {
            "from" => Self::From(value),
            "to" => Self::To(value),
            "subject" => Self::Subject(value),
            "is" if value == "read" => Self::NoLabel("UNREAD".to_owned()),
            "in" if value == "anywhere" => Self::Anywhere,
            "is" | "in" | "label" => Self::Label(label),
            _ => Self::Text(word.to_lowercase()),
        }
    }

    fn holds(&self, message: &Message<'_>) -> bool {
        let contains = |text: String, wanted: &String| text.to_lowercase().contains(wanted);
        match self {
            Self::From(wanted) => contains(message.from(), wanted),
            Self::To(wanted) => contains(message.to(), wanted),
            Self::Subject(wanted) => contains(message.subject(), wanted),
            Self::Text(wanted) => {
                contains(message.subject(), wanted)
                    || contains(message.from(), wanted)
                    || contains(message.text(), wanted)
            }
            Self::Label(label) => message.label_ids().contains(&label.as_str()),
            Self::NoLabel(label) => !message.label_ids().contains(&label.as_str()),
            Self::Anywhere => true,
        }
    }
}

/// The words of a query; quotation marks keep several together.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            _ if letter.is_whitespace() && !quoted => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}
