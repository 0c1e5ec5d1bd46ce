//! Texts of others, fit for a terminal.

/// The most characters that are shown of a text of somebody else.
const MOST: usize = 300;

/// A text without what moves the cursor or turns the direction of writing, and cut where it gets too long.
pub(crate) fn printable(text: &str) -> String {
    let mut shown: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    shown.retain(|character| !character.is_control() && !is_invisible(character));
    match shown.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", shown.get(..end).unwrap_or_default()),
        None => shown,
    }
}

/// Marks of Unicode that have no width of their own, those of the direction among them.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_the_cursor_or_turns_the_text_is_left_out() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}b\r\n\tc"), "a[2Jb c");
    }

    #[test]
    fn a_text_is_cut_at_300_characters() {
        assert_eq!(printable(&"é".repeat(300)), "é".repeat(300));
        assert_eq!(printable(&"é".repeat(301)), format!("{}…", "é".repeat(300)));
    }
}
