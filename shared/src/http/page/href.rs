//! Which addresses a button of ours may lead to.

use url::Url;

/// Whether an address is a path on this host, or an absolute `http` or `https` URL.
///
/// Browsers drop tabs and line ends from an address and read `\` as `/`: an address that holds any of them, or a
/// space, is neither.
pub(super) fn navigable(href: &str) -> bool {
    if href.contains(|character: char| character == '\\' || character.is_whitespace() || character.is_control()) {
        return false;
    }
    if let Some(path) = href.strip_prefix('/') {
        return !path.starts_with('/');
    }
    href.contains("://") && Url::parse(href).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_an_http_url_are_navigable() {
        for href in
            ["/", "/authorize?prompt=consent", "https://example.com/a?b#c", "http://127.0.0.1:8080/", "HTTPS://A.B"]
        {
            assert!(navigable(href), "{href}");
        }
    }

    #[test]
    fn whatever_else_a_browser_could_follow_is_not() {
        let rows = [
            "",
            "authorize",
            "?a",
            "#a",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " https://evil.example",
            "https:evil.example",
            "https://",
            "javascript:alert(1)",
            "javascript://x/%0aalert(1)",
            "JavaScript:alert(1)//https://",
            "data:text/html,x",
            "ftp://example.com/",
            "\u{85}/x",
        ];
        for href in rows {
            assert!(!navigable(href), "{href:?}");
        }
    }
}
