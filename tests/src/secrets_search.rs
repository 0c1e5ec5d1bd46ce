//! Finds secrets in texts, however they are encoded there.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

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
    let needles = Needles::of(secrets);
    let mut leaks = Vec::new();
    for (text_name, text) in texts {
        for (secret, encoding) in needles.found_in(&views(text)) {
            let Some(leaked) = secrets.get(secret) else { continue };
            let alone = Needles::of(&[*leaked]);
            let line = text.lines().position(|line| !alone.found_in(&views(line)).is_empty());
            leaks.push(Leak {
                secret: leaked.0.to_owned(),
                text: (*text_name).to_owned(),
                line: line.map(|index| index + 1),
                encoding,
            });
        }
    }
    leaks
}

/// Everything to look for, by what it begins with: so a text is gone through once, however many secrets there are.
struct Needles {
    /// The secret's place, and what to look for.
    all: Vec<(usize, Needle)>,
    by_start: HashMap<u64, Vec<usize>>,
    /// Whether anything begins with bytes of that [`digest`].
    starts: Vec<bool>,
}

impl Needles {
    fn of(secrets: &[Named<'_>]) -> Self {
        let of_secret = |(place, (_, secret)): (usize, &Named<'_>)| {
            needles(secret).into_iter().map(move |needle| (place, needle)).collect::<Vec<_>>()
        };
        let all: Vec<_> = secrets.iter().enumerate().flat_map(of_secret).collect();
        let mut needles = Self { all, by_start: HashMap::new(), starts: vec![false; 1 << 16] };
        for (index, (_, (_, needle))) in needles.all.iter().enumerate() {
            let Some(start) = needle.as_bytes().first_chunk() else { continue };
            needles.by_start.entry(u64::from_le_bytes(*start)).or_default().push(index);
            if let Some(begins) = needles.starts.get_mut(digest(*start)) {
                *begins = true;
            }
        }
        needles
    }

    /// Each secret that is in one of the views, by its place, with the encoding in which it is found first.
    fn found_in(&self, views: &[String]) -> BTreeMap<usize, &'static str> {
        let mut found = BTreeMap::new();
        for (number, view) in views.iter().enumerate() {
            let here = self.found(view);
            for (secret, (encoding, _)) in here.into_iter().filter_map(|index| self.all.get(index)) {
                let escaped = number > 0 && *encoding == "plain";
                found.entry(*secret).or_insert(if escaped { "escaped" } else { *encoding });
            }
        }
        found
    }

    /// The needles that are in a text, by their indices.
    fn found(&self, text: &str) -> BTreeSet<usize> {
        let mut found = BTreeSet::new();
        let mut rest = text.as_bytes();
        while let Some(start) = rest.first_chunk() {
            if self.starts.get(digest(*start)).is_some_and(|begins| *begins) {
                let candidates = self.by_start.get(&u64::from_le_bytes(*start)).into_iter().flatten();
                let is_here = |index: &&usize| {
                    self.all.get(**index).is_some_and(|(_, (_, needle))| rest.starts_with(needle.as_bytes()))
                };
                found.extend(candidates.filter(is_here));
            }
            rest = rest.get(1..).unwrap_or_default();
        }
        found
    }
}

/// Sixteen bits of what something begins with.
fn digest(start: [u8; SHORTEST]) -> usize {
    usize::from(u16::from_le_bytes([start[0] ^ start[2].rotate_left(3), start[1] ^ start[3].rotate_left(5)]))
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
    let lower = hexadecimal(secret.as_bytes());
    needles.extend([("hexadecimal", lower.to_uppercase()), ("hexadecimal", lower)]);
    needles.push(("byte list", secret.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(", ")));
    needles
}

/// Bytes in hexadecimal digits, in lower case.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
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
