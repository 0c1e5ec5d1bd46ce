//! The language of the page, by the browser's wish
//! ([RFC 9110 §12.5.4](https://www.rfc-editor.org/rfc/rfc9110#section-12.5.4)).

/// A language that the page is there in.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Language {
    #[default]
    English,
    German,
    Hebrew,
}

impl Language {
    /// The most wanted of the languages that an `Accept-Language` header names; English if none is there.
    pub(super) fn wanted(header: &str) -> Self {
        let mut wanted: Vec<_> = header.split(',').filter_map(wish).collect();
        wanted.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        wanted.first().map(|(_, language)| *language).unwrap_or_default()
    }
}

/// One language of the header with its weight; none if it is not there or not wanted.
fn wish(range: &str) -> Option<(f32, Language)> {
    let mut parts = range.split(';');
    let tag = parts.next()?.trim().to_ascii_lowercase();
    let weight =
        parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1.0), |text| text.trim().parse().ok());
    let language = match tag.split('-').next()? {
        "en" => Language::English,
        "de" => Language::German,
        "he" | "iw" => Language::Hebrew,
        _ => return None,
    };
    weight.filter(|weight| *weight > 0.0).map(|weight| (weight, language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_wanted_language_that_is_there_is_chosen() {
        for (header, language) in [
            ("", Language::English),
            ("fr", Language::English),
            ("de-AT, en;q=0.8", Language::German),
            ("fr, en;q=0.5, he;q=0.7", Language::Hebrew),
            ("iw", Language::Hebrew),
            ("de;q=0, en;q=0.1", Language::English),
            ("en, de", Language::English),
            ("DE;q=x, he", Language::Hebrew),
        ] {
            assert_eq!(Language::wanted(header), language, "{header}");
        }
    }
}
