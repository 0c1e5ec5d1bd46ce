//! The languages that our pages speak.

use super::preference::rank;

/// A language of our pages.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Language {
    /// What everyone gets who asks for none of the others.
    English,
    /// German.
    German,
    /// Hebrew, written from right to left.
    Hebrew,
}

impl Language {
    /// Every language, the default first.
    pub const ALL: [Self; 3] = [Self::English, Self::German, Self::Hebrew];

    /// The language that an `Accept-Language` header
    /// ([RFC 9110 §12.5.4](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4)) likes best.
    pub fn preferred(accept_language: Option<&str>) -> Self {
        let list = accept_language.unwrap_or_default();
        let wanted =
            Self::ALL.into_iter().filter_map(|language| Some((rank(list, |range| language.fits(range))?, language)));
        wanted
            .reduce(|best, next| if next.0 > best.0 { next } else { best })
            .map_or(Self::English, |(_, language)| language)
    }

    /// How exactly a language range ([RFC 4647 §2.1](https://www.rfc-editor.org/rfc/rfc4647#section-2.1)), in lower
    /// case, names this language, whatever its region or script.
    fn fits(self, range: &str) -> u8 {
        match range.split('-').next().unwrap_or_default() {
            "*" => 1,
            // `iw` is the tag of Hebrew that ISO 639 withdrew and old devices still send.
            "iw" if self == Self::Hebrew => 2,
            primary if primary == self.code() => 2,
            _ => 0,
        }
    }

    /// The language's tag, as in `lang` and `Content-Language`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Hebrew => "he",
        }
    }

    /// The direction of its script, as in `dir`.
    pub const fn direction(self) -> &'static str {
        match self {
            Self::English | Self::German => "ltr",
            Self::Hebrew => "rtl",
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn without_a_header_the_language_is_english() {
        assert_eq!(Language::preferred(None), Language::English);
    }

    #[test]
    fn the_language_of_the_highest_quality_wins() {
        use Language::{English, German, Hebrew};
        let rows = [
            ("", English),
            ("*", English),
            ("fr", English),
            ("en-GB,en;q=0.9,de;q=0.8", English),
            ("de", German),
            ("de-AT", German),
            ("DE-ch;q=0.7, en;q=0.6", German),
            ("de-CH, *;q=0.5", German),
            ("fr-CH, fr;q=0.9, de;q=0.8, *;q=0.5", German),
            ("he", Hebrew),
            ("he-IL,he;q=0.9,en-US;q=0.8,en;q=0.7", Hebrew),
            ("iw", Hebrew),
            ("iw-IL, en;q=0.5", Hebrew),
            ("en;q=0.5, he;q=0.6, de;q=0.4", Hebrew),
            ("de, he", German),
            ("he, de", Hebrew),
            ("de;q=0", English),
            ("en;q=0, de;q=0.1", German),
            ("en;q=0, *", German),
            ("den, hebrew, -, ;q", English),
            ("de;q=high, he;q=0.1", Hebrew),
        ];
        for (header, language) in rows {
            assert_eq!(Language::preferred(Some(header)), language, "{header}");
        }
    }

    #[test]
    fn hebrew_alone_is_written_from_right_to_left() {
        assert_eq!(Language::ALL.map(Language::direction), ["ltr", "ltr", "rtl"]);
    }

    proptest! {
        #[test]
        fn no_text_ends_in_a_panic(header in any::<String>()) {
            let _ = Language::preferred(Some(&header));
        }

        #[test]
        fn every_language_is_found_by_its_own_code(index in 0usize..3, region in "(-[A-Z]{2})?") {
            let language = Language::ALL[index];
            prop_assert_eq!(Language::preferred(Some(&format!("{}{region}", language.code()))), language);
        }
    }
}
