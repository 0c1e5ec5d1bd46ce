//! Finds secrets in logs, however they are encoded there.

use std::{collections::BTreeSet, fmt};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The shortest secret to look for, in bytes; a shorter one is found by accident.
pub const SHORTEST: usize = 8;

/// How many encodings inside one another are undone.
const DEPTH: usize = 3;

/// A text and its name, or a secret and its name.
pub type Named<'a> = (&'a str, &'a str);

/// A secret that was found; it prints where, never the secret.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Leak {
    /// The secret's name.
    pub secret: String,
    /// The text's name.
    pub text: String,
    /// The line, counted from one; `None` if the secret goes over several.
    pub line: Option<usize>,
    /// How the secret was encoded: `plain`, `escaped` (percent, form or JSON), `Base64`, `hexadecimal` or `byte list`.
    pub encoding: &'static str,
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { secret, text, line, encoding } = self;
        write!(f, "{secret} is in {text}")?;
        if let Some(line) = line {
            write!(f, ", line {line}")?;
        }
        write!(f, " ({encoding})")
    }
}

/// Asserts that none of the secrets occurs in any of the texts, in any of the encodings of [`Leak::encoding`], at any
/// alignment, also one inside another.
///
/// # Panics
/// If one does, with the names of what leaked and where; or if a secret is shorter than [`SHORTEST`].
#[track_caller]
pub fn assert_no_secrets(texts: &[Named<'_>], secrets: &[Named<'_>]) {
    let leaks: Vec<_> = leaks(texts, secrets).iter().map(Leak::to_string).collect();
    assert!(leaks.is_empty(), "secrets leaked:\n{}", leaks.join("\n"));
}

/// Each secret that occurs in a text, once per text.
///
/// # Panics
/// If a secret is shorter than [`SHORTEST`].
#[track_caller]
pub fn leaks(texts: &[Named<'_>], secrets: &[Named<'_>]) -> Vec<Leak> {
    for (name, secret) in secrets {
        assert!(secret.len() >= SHORTEST, "{name} is too short to look for");
    }
    let needles: Vec<_> = secrets.iter().map(|(name, secret)| (*name, needles(secret))).collect();
    let mut leaks = Vec::new();
    for (text_name, text) in texts {
        let views = views(text);
        for (secret_name, needles) in &needles {
            let Some(encoding) = found(&views, needles) else { continue };
            let line = text.lines().position(|line| found(&self::views(line), needles).is_some());
            leaks.push(Leak {
                secret: (*secret_name).to_owned(),
                text: (*text_name).to_owned(),
                line: line.map(|index| index + 1),
                encoding,
            });
        }
    }
    leaks
}

/// What to look for: the encoding's name, and the secret in it.
type Needle = (&'static str, String);

/// The secret as it stands and in the encodings that hide it whole; those of single characters are undone in the text.
fn needles(secret: &str) -> Vec<Needle> {
    let mut needles = vec![("plain", secret.to_owned())];
    let json = serde_json::Value::from(secret).to_string();
    let forms = BTreeSet::from([
        secret.to_owned(),
        json.trim_matches('"').to_owned(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
    ]);
    for form in forms {
        needles.extend((0..3).flat_map(|shift| base64_forms(form.as_bytes(), shift)));
    }
    let lower = secret.bytes().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    needles.extend([("hexadecimal", lower.to_uppercase()), ("hexadecimal", lower)]);
    needles.push(("byte list", secret.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")));
    needles
}

/// The Base64 characters that bytes alone decide, `shift` bytes into a group of three, in both alphabets.
fn base64_forms(bytes: &[u8], shift: usize) -> [Needle; 2] {
    let padded = [&vec![0; shift], bytes].concat();
    let whole_bits = padded.len() * 8 / 6;
    let own = (shift * 8).div_ceil(6)..whole_bits;
    [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD].map(|engine| {
        let encoded = engine.encode(&padded);
        ("Base64", encoded.get(own.clone()).unwrap_or_default().to_owned())
    })
}

fn found(views: &[String], needles: &[Needle]) -> Option<&'static str> {
    views.iter().enumerate().find_map(|(index, view)| {
        let (encoding, _) = needles.iter().find(|(_, needle)| view.contains(needle.as_str()))?;
        Some(if index > 0 && *encoding == "plain" { "escaped" } else { *encoding })
    })
}

/// The text as it stands, and with percent-encoding, form encoding and JSON escapes undone, up to [`DEPTH`] deep.
fn views(text: &str) -> Vec<String> {
    let mut views = vec![text.to_owned()];
    let mut newest = 0;
    for _ in 0..DEPTH {
        let undone: Vec<_> = views.iter().skip(newest).flat_map(|view| undo(view)).collect();
        newest = views.len();
        for view in undone {
            if !views.contains(&view) {
                views.push(view);
            }
        }
    }
    views
}

fn undo(text: &str) -> [String; 3] {
    let percent = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    [percent(text), percent(&text.replace('+', " ")), without_json_escapes(text)]
}

/// Undoes the escapes of [RFC 8259 §7](https://www.rfc-editor.org/rfc/rfc8259#section-7), wherever they are.
fn without_json_escapes(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        units.extend(before.encode_utf16());
        let (unit, length) = json_escape(escape);
        units.push(unit);
        rest = escape.get(length..).unwrap_or_default();
    }
    units.extend(rest.encode_utf16());
    String::from_utf16_lossy(&units)
}

/// What an escape stands for, and how long it is without the backslash; the backslash itself if it is none.
fn json_escape(escape: &str) -> (u16, usize) {
    let hexadecimal = escape.strip_prefix('u').and_then(|rest| rest.get(..4));
    if let Some(unit) = hexadecimal.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
        return (unit, 5);
    }
    match escape.bytes().next() {
        Some(byte @ (b'"' | b'\\' | b'/')) => (byte.into(), 1),
        Some(b'n') => (0x0A, 1),
        Some(b'r') => (0x0D, 1),
        Some(b't') => (0x09, 1),
        Some(b'b') => (0x08, 1),
        Some(b'f') => (0x0C, 1),
        _ => (b'\\'.into(), 0),
    }
}
