//! Entries in few bytes. Gmail's identifiers are 16 hexadecimal digits, numbers that lie close together: of each, the
//! difference to the one before is written, and of its thread, the difference to it. Where one is none of those, all are
//! texts.

use std::collections::VecDeque;

use shared::domain::{mailbox::MessageId, varint};
use smol_str::format_smolstr;

/// The most entries: those of a page.
const MAX_ENTRIES: usize = 500;
/// The most characters of an identifier that is a text.
const MAX_TEXT: usize = 64;
/// What entries begin with that are numbers, and those that are texts.
const NUMBERS: u8 = 0;
const TEXTS: u8 = 1;

/// The entries as bytes.
pub(super) fn write(entries: &VecDeque<MessageId>) -> Vec<u8> {
    numbers(entries).unwrap_or_else(|| texts(entries))
}

/// How many of the first entries have no more than so many bytes.
pub(super) fn fitting(entries: &VecDeque<MessageId>, most: usize) -> usize {
    let fits = |count: &usize| write(&entries.iter().take(*count).cloned().collect()).len() <= most;
    (1..=entries.len()).rev().step_by(10).find(fits).unwrap_or(1)
}

/// Reads entries; `None` if the bytes are damaged.
pub(super) fn read(bytes: &[u8]) -> Option<VecDeque<MessageId>> {
    let (kind, mut rest) = bytes.split_first()?;
    let (mut entries, mut before) = (VecDeque::new(), 0);
    while !rest.is_empty() {
        let entry = match *kind {
            NUMBERS => read_numbers(&mut rest, &mut before)?,
            TEXTS => MessageId { id: read_text(&mut rest)?.into(), thread_id: read_text(&mut rest)?.into() },
            _ => return None,
        };
        entries.push_back(entry);
        if entries.len() > MAX_ENTRIES {
            return None;
        }
    }
    Some(entries)
}

fn numbers(entries: &VecDeque<MessageId>) -> Option<Vec<u8>> {
    let (mut bytes, mut before) = (vec![NUMBERS], 0);
    for entry in entries {
        let (id, thread_id) = (number(&entry.id)?, number(&entry.thread_id)?);
        varint::push(&mut bytes, difference(before, id));
        varint::push(&mut bytes, difference(id, thread_id));
        before = id;
    }
    Some(bytes)
}

fn texts(entries: &VecDeque<MessageId>) -> Vec<u8> {
    let mut bytes = vec![TEXTS];
    for text in entries.iter().flat_map(|entry| [&entry.id, &entry.thread_id]) {
        varint::push(&mut bytes, u64::try_from(text.len()).unwrap_or(u64::MAX));
        bytes.extend(text.as_bytes());
    }
    bytes
}

/// The number that an identifier stands for, if it is written as Gmail writes one.
fn number(id: &str) -> Option<u64> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (id.len() == 16 && id.bytes().all(is_digit)).then(|| u64::from_str_radix(id, 16).ok())?
}

/// The difference between two numbers, small for near ones in either direction.
fn difference(from: u64, to: u64) -> u64 {
    let (up, down) = (to.wrapping_sub(from), from.wrapping_sub(to));
    if up <= down && up >> 63 == 0 { up << 1 } else { (down - 1) << 1 | 1 }
}

fn at_difference(from: u64, difference: u64) -> u64 {
    let half = difference >> 1;
    if difference & 1 == 0 { from.wrapping_add(half) } else { from.wrapping_sub(half).wrapping_sub(1) }
}

fn read_numbers(rest: &mut &[u8], before: &mut u64) -> Option<MessageId> {
    let id = at_difference(*before, varint::take(rest)?);
    let thread_id = at_difference(id, varint::take(rest)?);
    *before = id;
    Some(MessageId { id: format_smolstr!("{id:016x}"), thread_id: format_smolstr!("{thread_id:016x}") })
}

fn read_text(rest: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(varint::take(rest)?).ok()?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || [b'-', b'_'].contains(byte);
    let is_identifier = (1..=MAX_TEXT).contains(&length) && text.iter().all(is_plain);
    is_identifier.then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_difference_leads_back(from: u64, to: u64) {
            prop_assert_eq!(at_difference(from, difference(from, to)), to);
        }
    }

    #[test]
    fn a_difference_is_as_small_as_its_numbers_are_near() {
        for (from, to, expected) in [(5, 5, 0), (5, 4, 1), (5, 6, 2), (0, u64::MAX, 1), (u64::MAX, 0, 2)] {
            assert_eq!(difference(from, to), expected, "{from} {to}");
        }
    }
}
